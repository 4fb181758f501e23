/** Who am I? Asked until the server says, refuses, or cannot be found. */
import { protocolVersion } from "../core/agent-protocol";
import type { AgentBoot, EnrolAnswer, EnrolRequest } from "../core/agent-protocol";
import type { Log, Random } from "../core/ports";
import { Backoff, rest } from "./backoff";
import type { AgentOptions } from "./options";
import type { ServerClient } from "./server-client";

export interface EnrolParts {
  readonly boot: AgentBoot;
  readonly client: ServerClient;
  readonly options: AgentOptions;
  readonly random: Pick<Random, "id" | "fraction">;
  readonly version: string;
  readonly bootedAt: number;
  readonly log: Log;
}

export type Enrolled =
  | { readonly kind: "enrolled"; readonly answer: EnrolAnswer }
  | { readonly kind: "refused"; readonly status: number }
  /** `signal` aborted first. */
  | { readonly kind: "stopped" };

export async function enrol(parts: EnrolParts, signal: AbortSignal): Promise<Enrolled> {
  const backoff = new Backoff(parts.options.backoff, parts.random);
  const request = enrolRequest(parts);
  while (!signal.aborted) {
    const reply = await parts.client.enrol(request, signal);
    if (reply.kind === "answer") return { kind: "enrolled", answer: reply.value };
    if (reply.kind === "over") return { kind: "refused", status: reply.status };
    if (reply.kind === "later") {
      backoff.reset();
      await rest(reply.ms, signal);
    } else if (!signal.aborted) {
      parts.log.debug("enrolment is tried again", { problem: reply.problem });
      await rest(backoff.nextMs(reply.retryAfterMs), signal);
    }
  }
  return { kind: "stopped" };
}

function enrolRequest({ boot, random, version, bootedAt }: EnrolParts): EnrolRequest {
  return {
    protocol: protocolVersion,
    proof: { kind: "token", token: boot.bootToken },
    nonce: random.id(32),
    agent: { version, os: process.platform, arch: process.arch },
    bootedAt: new Date(bootedAt).toISOString(),
  };
}
