/** Who am I? Asked until the server says, refuses, or cannot be found. */
import { protocolVersion } from "../core/agent-protocol";
import type { AgentBoot, EnrolAnswer, EnrolRequest } from "../core/agent-protocol";
import { errorText } from "../core/error-facts";
import type { Clock, Log, Random } from "../core/ports";
import { Imds } from "./aws/imds";
import { proveRole } from "./aws/prove";
import { Backoff, rest } from "./backoff";
import type { AgentOptions } from "./options";
import type { Reply, ServerClient } from "./server-client";

export interface EnrolParts {
  readonly boot: AgentBoot;
  readonly client: ServerClient;
  readonly options: AgentOptions;
  readonly random: Pick<Random, "id" | "fraction">;
  readonly version: string;
  readonly bootedAt: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Of a machine on AWS. @default the machine's own */
  readonly imds?: Imds;
}

export type Enrolled =
  | { readonly kind: "enrolled"; readonly answer: EnrolAnswer }
  | { readonly kind: "refused"; readonly status: number }
  /** Nobody knew it, or could say so, for all too long. */
  | { readonly kind: "forgotten" }
  /** `signal` aborted first. */
  | { readonly kind: "stopped" };

export async function enrol(parts: EnrolParts, signal: AbortSignal): Promise<Enrolled> {
  const backoff = new Backoff(parts.options.backoff, parts.random);
  const nonce = parts.random.id(32);
  const prove = proverOf(parts, nonce);
  let waitedMs = 0;
  const pause = (ms: number): Promise<void> => {
    waitedMs += ms;
    return rest(ms, signal);
  };
  while (!signal.aborted) {
    if (parts.boot.atEnd !== undefined && waitedMs > parts.options.unknownMs) return { kind: "forgotten" };
    const reply = await ask(parts, { nonce, prove }, signal);
    if (reply.kind === "answer") return { kind: "enrolled", answer: reply.value };
    if (reply.kind === "over") return { kind: "refused", status: reply.status };
    if (reply.kind === "later") {
      backoff.reset();
      await pause(reply.ms);
    } else if (!signal.aborted) {
      parts.log.debug("enrolment is tried again", { problem: reply.problem });
      await pause(backoff.nextMs(reply.retryAfterMs));
    }
  }
  return { kind: "stopped" };
}

type Prove = () => Promise<EnrolRequest["proof"]>;

function proverOf({ boot, clock, imds = new Imds() }: EnrolParts, nonce: string): Prove {
  const { aws, bootToken } = boot;
  if (aws !== undefined) return () => proveRole({ aws, imds, clock }, nonce);
  return () => Promise.resolve({ kind: "token", token: bootToken });
}

async function ask(
  { client, version, bootedAt }: EnrolParts,
  { nonce, prove }: { readonly nonce: string; readonly prove: Prove },
  signal: AbortSignal,
): Promise<Reply<EnrolAnswer>> {
  try {
    const request: EnrolRequest = {
      protocol: protocolVersion,
      proof: await prove(),
      nonce,
      agent: { version, os: process.platform, arch: process.arch },
      bootedAt: new Date(bootedAt).toISOString(),
    };
    return await client.enrol(request, signal);
  } catch (error) {
    return { kind: "failed", problem: errorText(error), retryAfterMs: null };
  }
}
