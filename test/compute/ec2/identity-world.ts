/** A machine with its role: the agent's own code proves, and an STS that checks signatures for real has the last word. */
import { EC2Client } from "@aws-sdk/client-ec2";
import { Imds } from "../../../runtime/agent/aws/imds";
import { proveRole } from "../../../runtime/agent/aws/prove";
import { ec2Compute } from "../../../runtime/compute/ec2";
import type { SignedProof } from "../../../runtime/core/agent-protocol";
import type { Compute, Identity } from "../../../runtime/core/ports";
import { FakeImds } from "../../agent/aws/fake-imds";
import { ec2Profile, facts, memoryLog } from "./ec2-world";
import { type FakeSts, type Session, fakeSts } from "./fake-sts";

export const machine = "i-0123456789abcdef0";
export const keyId = "ASIA0123456789ABCDEF";
export const nonce = "nonce-0123456789abcdef";
export const now = Date.parse("2026-11-21T12:00:00Z");
export const tags = { "onejob:profile": "small", "onejob:runner": "runner10" };
const usualRegion = "eu-west-1";

export interface Wishes {
  readonly fleet?: string;
  readonly region?: string;
  readonly nonce?: string;
  readonly at?: number;
}

export interface IdentityWorld {
  readonly imds: FakeImds;
  readonly sts: FakeSts;
  readonly log: ReturnType<typeof memoryLog>;
  readonly compute: Compute;
  computeIn(region: string): Compute;
  proof(wishes?: Wishes): Promise<SignedProof>;
  identify(given: SignedProof): Promise<Identity | undefined>;
  close(): Promise<void>;
}

export async function identityWorld(): Promise<IdentityWorld> {
  const imds = new FakeImds();
  await imds.start();
  imds.become(machine, tags);
  const sts = fakeSts();
  sts.sessions.set(keyId, session());
  const log = memoryLog();
  const computeIn = (region: string): Compute =>
    ec2Compute({
      facts,
      settings: () => ({ profiles: [ec2Profile("small")] }),
      clients: { ec2: new EC2Client({ region }) },
      clock: { now: () => now },
      random: { fraction: () => 0.5 },
      log,
      region,
      fetch: sts.fetch,
    });
  const compute = computeIn(usualRegion);
  return {
    ...{ imds, sts, log, compute, computeIn },
    proof(wishes = {}) {
      const aws = { fleet: wishes.fleet ?? "ci", region: wishes.region ?? usualRegion };
      const agent = new Imds({ baseUrl: imds.url, pauseMs: 1 });
      return proveRole({ aws, imds: agent, clock: { now: () => wishes.at ?? now } }, wishes.nonce ?? nonce);
    },
    identify: (given) => compute.identify({ ...given, nonce }),
    close: () => imds.stop(),
  };
}

export function session(userId = `AROASMALLEXAMPLE:${machine}`, account = facts.accountId): Session {
  return { secret: "the-secret", sessionToken: "a/session+token==", account, userId };
}
