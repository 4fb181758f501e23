/** Every port's adapter on AWS. What only some functions have (files, computes) is brought along by them. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import { batchesAtOnce, type FleetFacts } from "../../core/fleet-facts";
import type { Compute, Files, Ports, Tokens } from "../../core/ports";
import type { Settings } from "../../core/settings";
import { openLedger } from "../../ledger/dynamodb-ledger";
import { sqsQueue, type SqsQueue } from "../../queue/sqs-queue";
import { nodeRandom, systemClock } from "../host/node-random";
import { openTokens } from "../host/signed-tokens";
import { sourceRegistry } from "../host/source-registry";
import { clientOptions, patienceMs } from "./clients";
import type { Hosting } from "./hosting";
import type { Patience } from "./patience";
import { ssmSecrets } from "./ssm-secrets";
import { ssmSettings } from "./ssm-settings";

export interface FleetPorts {
  readonly ports: Ports & { readonly queue: SqsQueue };
  /** Before each invocation: reads the settings again when they are old. */
  loadSettings(): Promise<void>;
}

/** What an adapter that comes along is made with. */
export interface Making extends Pick<Ports, "clock" | "random" | "log"> {
  readonly facts: FleetFacts;
  readonly settings: () => Settings;
}

export interface Brought {
  /**
   * What of that which functions share as secrets it has a right to: all, only the key that machines' tokens are made
   * with, or nothing. @default "all"
   */
  readonly secrets?: "all" | "agent-key" | "none";
  /** @default none: what a table with a TTL drops, the bucket's own rules drop as well */
  readonly files?: (facts: FleetFacts) => Files;
  /** By kind. */
  readonly computes: (making: Making) => Readonly<Record<string, Compute>>;
}

const noFile = (): Promise<never> => Promise.reject(new Error("this function has no files"));
const noFiles: Files = {
  putBundle: noFile,
  openBundle: noFile,
  dropBundle: noFile,
  appendLog: noFile,
  logSize: noFile,
  readLog: noFile,
  dropLog: noFile,
};

const noTokens: Tokens = {
  mint: () => {
    throw new Error("this function makes no tokens");
  },
  check: () => undefined,
};

/** Those that work on batches, a sweep, and now and then one that answers people and one that answers machines. */
const processes = batchesAtOnce + 3;

const patient = (what: keyof typeof patienceMs.others): Patience => ({
  withinMs: patienceMs.others[what],
  clock: systemClock,
  random: nodeRandom,
});

export async function openFleetPorts(facts: FleetFacts, host: Hosting, brought: Brought): Promise<FleetPorts> {
  const { log, meter } = host;
  const given = { clock: systemClock, random: nodeRandom, log };
  const ssm = new SSMClient(clientOptions);
  const settings = ssmSettings({ client: ssm, path: facts.settingsPath, log, patience: patient("settings") });
  const retentionMs = () => settings.current().retention.finishedMs;
  const store = { ...given, client: new DynamoDBClient(clientOptions), table: facts.table, retentionMs, hasTtl: true };
  const [ledger] = await Promise.all([openLedger(store), settings.load()]);
  const { secrets: mayRead = "all" } = brought;
  const tokens = mayRead === "none" ? noTokens : await openTokens(ledger);
  const sharing = { notes: ledger, tokens: mayRead === "all", processes };
  const secrets = ssmSecrets({ client: ssm, log, patience: patient("secrets") });
  const computes = brought.computes({ ...given, facts, settings: settings.current });
  const ports = {
    ...given,
    settings: settings.current,
    source: sourceRegistry(settings.current, { ...given, secret: secrets.read, sharing }),
    compute: (kind: string) => (Object.hasOwn(computes, kind) ? computes[kind] : undefined),
    ledger,
    queue: sqsQueue({ client: new SQSClient(clientOptions), queueUrl: facts.queueUrl, log }),
    files: brought.files?.(facts) ?? noFiles,
    tokens,
    meter,
  };
  return { ports, loadSettings: () => settings.load() };
}
