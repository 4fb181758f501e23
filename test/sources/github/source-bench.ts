/** A source `github` as tests make it: time, secrets and log in their hands. */
import { generateKeyPairSync } from "node:crypto";
import type { JobSource, Log, LogFields } from "../../../runtime/core/ports";
import type { GithubSourceSettings, SecretPlace } from "../../../runtime/core/settings";
import { githubSource, type GithubSourceOptions } from "../../../runtime/sources/github";
import { OnejobError } from "../../../runtime/core/errors";
import { noon, someJob, someRunner } from "../../fixtures/records";
import type { Job, Runner } from "../../../runtime/core/model";

export const token = "ghp_0123456789abcdefABCDEF0123456789abcd";

/** Made once: making one takes long. PKCS#1, as GitHub hands it out. */
export const privateKey = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
}).privateKey;

export const byToken: GithubSourceSettings["auth"] = { kind: "token", token: { env: "GH_TOKEN" } };
export const byApp: GithubSourceSettings["auth"] = { kind: "app", appId: 4711, privateKey: { file: "app.pem" } };

export function someSource(url: string, changes: Partial<GithubSourceSettings> = {}): GithubSourceSettings {
  return {
    name: "gh",
    kind: "github",
    url,
    scopes: ["acme/widgets"],
    runnerGroup: "Default",
    auth: byToken,
    webhookSecrets: [{ env: "HOOK" }],
    intake: "both",
    poll: { intervalMs: 15_000 },
    recovery: { deliveriesMs: 300_000, runnersMs: 900_000, jobsMs: 600_000 },
    trust: null,
    runner: { path: "/opt/actions-runner" },
    ...changes,
  };
}

export interface LogLine {
  readonly level: string;
  readonly sentence: string;
  readonly fields: LogFields;
}

export class Bench {
  now = noon;
  /** By name of the variable or file. */
  readonly secrets = new Map([
    ["GH_TOKEN", `${token}\n`],
    ["app.pem", privateKey],
    ["HOOK", "a webhook's secret"],
  ]);
  readonly slept: number[] = [];
  readonly lines: LogLine[] = [];
  readonly settings: GithubSourceSettings;
  #source: JobSource | undefined;

  constructor(url: string, changes: Partial<GithubSourceSettings> = {}) {
    this.settings = someSource(url, changes);
  }

  /** The whole source; the same one each time. */
  get source(): JobSource {
    this.#source ??= githubSource(this.options);
    return this.#source;
  }

  /** Sleeping moves the clock, so nothing waits. */
  get options(): GithubSourceOptions & { readonly timeoutMs: number } {
    return {
      settings: this.settings,
      secret: (place) => this.read(place),
      clock: { now: () => this.now },
      random: { id: () => "id", ulid: () => "ulid", fraction: () => 0 },
      log: this.log,
      version: "1.2.3",
      timeoutMs: 1_000,
      sleep: (ms) => {
        this.slept.push(ms);
        this.now += ms;
        return Promise.resolve();
      },
    };
  }

  /** An open job of this source. */
  job(changes: Partial<Job> = {}): Job {
    const { host } = new URL(this.settings.url);
    const id = changes.id ?? "71";
    const origin = { repository: "acme/widgets", run: "31", fork: null };
    const job = { key: `gh/${host}/${id}`, source: "gh", host, id, scope: "acme/widgets", origin, work: null };
    return someJob({ ...job, ...changes });
  }

  private get log(): Log {
    const at =
      (level: string) =>
      (sentence: string, fields: LogFields = {}) =>
        void this.lines.push({ level, sentence, fields });
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  private read(place: SecretPlace): Promise<string> {
    const name = Object.values(place)[0] as string;
    const value = this.secrets.get(name);
    return value === undefined ? Promise.reject(new Error(`there is no ${name}`)) : Promise.resolve(value);
  }
}

/** The error a promise ends with; fails when it does not. */
export async function errorOf(promise: Promise<unknown>): Promise<OnejobError> {
  const outcome = await promise.then(
    () => "nothing was thrown",
    (error: unknown) => error,
  );
  if (outcome instanceof OnejobError) return outcome;
  throw outcome instanceof Error ? outcome : new Error(String(outcome));
}

export function githubRunner(changes: Partial<Runner> = {}): Runner {
  const reach = { source: "gh", host: "github.com", scope: "acme/widgets", group: "", labels: ["linux"] };
  return someRunner({ reach, ...changes });
}
