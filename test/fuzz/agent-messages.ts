/** What an agent says to the server, and what it is told: valid first, then changed. */
import type { AgentOrders, EnrolAnswer } from "../../runtime/core/agent-protocol";
import type { Dice } from "./dice";
import { mutateBytes, mutateJson, mutateWords } from "./mutate";
import { at, enrolBody, type Scene } from "./scene";

const finished = { type: "finished", at, exitCode: 1, signal: null, reason: "command-failed", detail: "it failed" };
const events: readonly object[] = [
  ...["listening", "started", "interrupted"].map((type) => ({ type, at })),
  { ...finished, exitCode: 0, reason: null, detail: null },
  finished,
  { ...finished, exitCode: null, signal: 9, reason: "job-timeout", detail: "\u001b[31mred\0" },
];

const offsets = [0, 0, 0, 3, 6, 7, 1_000_000, 67_108_864, 67_371_009, Number.MAX_SAFE_INTEGER];

export function enrolment(dice: Dice, { bootTokens, leases, nonce }: Scene): object {
  const token = dice.percent(85) ? dice.pick(bootTokens) : dice.pick(leases);
  return enrolBody(token, dice.percent(60) ? nonce : `other-${"x".repeat(dice.below(70))}`);
}

export function report(dice: Dice): object {
  const log = { offset: dice.pick(offsets), data: dice.bytes(dice.few(2_000)).toString("base64") };
  const some = Array.from({ length: dice.few(5) }, () => dice.pick(events));
  return { attempt: dice.pick([0, 1, 1, 1, 2]), events: some, ...(dice.percent(50) ? { log } : {}) };
}

export function heartbeat(dice: Dice): object {
  return { attempt: dice.pick([0, 1, 1, 2]), waitMs: dice.pick([0, 0, 1, 20_000, 60_000]) };
}

const assignment = {
  ...{ job: "api/local/1", name: "make", attempt: 1, command: ["make"], env: { A: "b" }, timeoutMs: 60_000 },
  bundle: { bytes: 120, sha256: "0".repeat(64) },
};
const orders: AgentOrders = { logOffset: 0, assignment, cancel: false, drain: false };
const enrolled: EnrolAnswer = {
  ...{ runner: "r1", profile: "small", lease: "oj_lease_x", heartbeatMs: 10_000 },
  executor: { kind: "github", payload: "{}" },
};
const boot = {
  ...{ url: "http://127.0.0.1:1", bootToken: "t", stateDir: "/s", jobDir: "/j", user: { uid: 1, gid: 1 } },
  ...{ marker: { ONEJOB_RUNNER: "r1" }, environment: { A: "b" }, refusesForks: true },
};

/** What the agent reads: the server's answers, and its boot line. */
export const told: readonly object[] = [orders, { ...orders, assignment: null }, enrolled, { retryAfterMs: 5 }, boot];

export function hostile(value: object, dice: Dice): Buffer {
  const kind = dice.below(100);
  if (kind < 25) return Buffer.from(JSON.stringify(value));
  if (kind < 75) return Buffer.from(mutateJson(value, dice));
  if (kind < 90) return Buffer.from(mutateWords(JSON.stringify(value), dice));
  return mutateBytes(Buffer.from(JSON.stringify(value)), dice);
}
