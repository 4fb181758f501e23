/** Machines of a fleet that sign with their role, by the agent's own code, and an STS on the other side that checks it. */
import { Imds } from "../../runtime/agent/aws/imds";
import { proveRole } from "../../runtime/agent/aws/prove";
import type { SignedProof } from "../../runtime/core/agent-protocol";
import { systemClock } from "../../runtime/entry/host/node-random";
import { FakeImds } from "../agent/aws/fake-imds";
import { fakeSts } from "../compute/ec2/fake-sts";

export interface Claimed {
  /** The fleet it is signed for. */
  readonly fleet: string;
  readonly machine: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly nonce: string;
  readonly account: string;
  readonly roleId: string;
}

export interface Machines {
  prove(claimed: Claimed): Promise<SignedProof>;
  /** Addresses of STS that were asked. */
  asked(): readonly string[];
}

/** For all tests of a file. The functions ask STS by `fetch`; whatever else is asked by it goes its way. */
export function useMachines(): Machines {
  const imds = new FakeImds();
  const sts = fakeSts();
  const before = globalThis.fetch;
  beforeAll(async () => {
    globalThis.fetch = (input, init) => {
      const { hostname } = new URL(input instanceof Request ? input.url : input);
      return hostname.startsWith("sts.") ? sts.fetch(input, init) : before(input, init);
    };
    await imds.start();
  });
  afterAll(async () => {
    globalThis.fetch = before;
    await imds.stop();
  });
  return {
    asked: () => sts.asked,
    async prove({ fleet, machine, tags, nonce, account, roleId }) {
      imds.paths.clear();
      imds.become(machine, tags);
      const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(
        imds.paths.get("iam/security-credentials/a-role") ?? "{}",
      ) as Record<"AccessKeyId" | "SecretAccessKey" | "Token", string>;
      const session = { secret: SecretAccessKey, sessionToken: Token, account, userId: `${roleId}:${machine}` };
      sts.sessions.set(AccessKeyId, session);
      const agent = new Imds({ baseUrl: imds.url, pauseMs: 1 });
      return proveRole({ aws: { fleet, region: "eu-west-1" }, imds: agent, clock: systemClock }, nonce);
    },
  };
}
