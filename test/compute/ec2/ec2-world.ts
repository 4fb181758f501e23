/** The compute over a fake EC2, with a clock and pauses of its own. */
import { EC2Client } from "@aws-sdk/client-ec2";
import { ec2Compute } from "../../../runtime/compute/ec2";
import { runnerOf } from "../../../runtime/compute/ec2/instances";
import type { FleetFacts } from "../../../runtime/core/fleet-facts";
import type { Compute, LaunchRequest, Log, LogFields, MachineOutcome } from "../../../runtime/core/ports";
import type { Ec2ComputeSettings } from "../../../runtime/core/settings";
import type { ComputeWorld } from "../../contract/compute.contract";
import { ec2Profile } from "../../fixtures/ec2-profile";
import { FakeEc2 } from "./fake-ec2";

export { ec2Profile };

export const facts: FleetFacts = {
  fleet: "ci",
  table: "table",
  queueUrl: "http://127.0.0.1/queue",
  bucket: "bucket",
  settingsPath: "/onejob/ci/settings",
  accountId: "123456789012",
  machines: {
    small: { launchTemplate: "onejob-ci-small", subnets: ["subnet-a", "subnet-b"], roleId: "AROASMALLEXAMPLE" },
    large: { launchTemplate: "onejob-ci-large", subnets: ["subnet-a"], roleId: "AROALARGEEXAMPLE" },
  },
};

export interface LogLine {
  readonly sentence: string;
  readonly fields: LogFields;
}

export function memoryLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const note = (sentence: string, fields: LogFields = {}): void => void lines.push({ sentence, fields });
  return { lines, debug: note, info: note, warn: note, error: note };
}

export interface Ec2World extends ComputeWorld {
  readonly ec2: FakeEc2;
  readonly clock: { at: number };
  readonly pauses: number[];
  /** While the compute waits. */
  meanwhile: () => void;
  readonly log: ReturnType<typeof memoryLog>;
  /** The same launch each time it is called. */
  launch(...runners: readonly string[]): Promise<readonly MachineOutcome[]>;
  /** Another process, which remembers nothing. */
  other(): Compute;
}

export function requestFor(profile: string, runners: readonly string[]): LaunchRequest {
  const machines = runners.map((runner) => ({ runner, bootToken: tokenOf(runner) }));
  return { launch: "launch-1", token: "token-1", profile, machines };
}

export const launchNo = (n: number) => ({ launch: `launch-${n}`, token: `token-${n}` });

export const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `runner${index + 10}`);
export const told = (outcomes: readonly MachineOutcome[]): string[] => outcomes.map(({ outcome }) => outcome);
export const machinesIn = (outcomes: readonly MachineOutcome[]): string[] =>
  outcomes.flatMap((outcome) => (outcome.outcome === "launched" ? [outcome.machine] : []));

const tokenOf = (runner: string): string => `boot.${runner}.s3cret`;

export async function ec2World(wishes: Partial<Ec2ComputeSettings> = {}): Promise<Ec2World> {
  const ec2 = new FakeEc2();
  await ec2.start();
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new EC2Client({ endpoint: ec2.url, region: "eu-west-1", credentials, maxAttempts: 1 });
  const clock = { at: Date.parse("2026-11-21T12:00:00Z") };
  const log = memoryLog();
  const pauses: number[] = [];
  const other = (): Compute =>
    ec2Compute({
      facts,
      settings: () => ({ profiles: [ec2Profile("small", wishes), ec2Profile("large", wishes), ec2Profile("new")] }),
      clients: { ec2: client },
      clock: { now: () => clock.at },
      random: { fraction: () => 0.5 },
      log,
      region: "eu-west-1",
      pause: (ms) => {
        pauses.push(ms);
        clock.at += ms;
        world.meanwhile();
        return Promise.resolve();
      },
    });
  const compute = other();
  const instancesOf = (runner: string) => [...ec2.instances.values()].filter((one) => runnerOf(plain(one)) === runner);
  const world: Ec2World = {
    ...{ ec2, clock, pauses, log, compute, other },
    meanwhile: () => undefined,
    profile: "small",
    bootToken: (runner) => tokenOf(runner),
    handsOutNoTokens: true,
    starts: (runner) => Promise.resolve(instancesOf(runner).length),
    kill: (runner) => Promise.resolve(instancesOf(runner).forEach((instance) => (instance.state = "stopped"))),
    restart: () => Promise.resolve(other()),
    settle: () => Promise.resolve(ec2.show()),
    launch: (...runners) => compute.launch(requestFor("small", runners)),
    async close() {
      client.destroy();
      await ec2.stop();
    },
  };
  return world;
}

function plain({ id, tags }: { readonly id: string; readonly tags: ReadonlyMap<string, string> }) {
  return { id, tags: Object.fromEntries(tags) };
}
