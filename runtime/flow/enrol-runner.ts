/**
 * Enrol: is this machine who it says, and is its enrolment free or already its own? The first agent to ask holds the
 * runner for good; until it listens the same agent may ask again (its answer was lost). Any other gets `enrolment-taken`.
 */
import type { EnrolAnswer, EnrolLater, EnrolRequest } from "../core/agent-protocol";
import { OnejobError } from "../core/errors";
import { runnerTraits } from "../core/lifecycle";
import type { Enrolment, Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { claimedBy, grantedTo } from "../core/runner-moves";
import { parseSubject, runnerSubject } from "../core/subject";
import { settle } from "./moves";
import { enrol } from "./perform-launch";
import { failureOf, unblockReach } from "./reach-state";

/** A valid machine that is not written yet, or whose right is just being made. */
const notYetMs = 50;
/** Whoever launched it makes its right at the same time. Only when that is long over, a second one is made. */
const makingMs = 10_000;
const laterMs = 2_000;
const longestHeartbeatMs = 10_000;

export type Enrolled =
  { readonly kind: "enrolled"; readonly answer: EnrolAnswer } | { readonly kind: "later"; readonly answer: EnrolLater };

export async function enrolRunner(request: EnrolRequest, ports: Ports): Promise<Enrolled> {
  const { profile, id } = await identify(request, ports);
  const runner = await ports.ledger.readRunner(profile, id);
  if (runner === undefined) return { kind: "later", answer: { retryAfterMs: notYetMs } };
  const made = await ports.ledger.readEnrolment(id);
  const mine = await bind(runner, { request, made }, ports);
  const pauseMs = made === undefined ? await pauseBeforeMaking(mine, ports) : 0;
  if (pauseMs > 0) return { kind: "later", answer: { retryAfterMs: Math.min(pauseMs, laterMs) } };
  const enrolment = made ?? (await makeAnew(mine, ports));
  if (enrolment === undefined) return { kind: "later", answer: { retryAfterMs: laterMs } };
  if (mine.grantedAt === undefined) await grant(mine, enrolment, ports);
  const answer: EnrolAnswer = {
    runner: id,
    profile,
    lease: ports.tokens.mint("lease", runnerSubject({ profile }, id)),
    executor: { kind: enrolment.executor, payload: enrolment.payload },
    heartbeatMs: Math.min(longestHeartbeatMs, Math.floor(ports.settings().lease.durationMs / 3)),
  };
  return { kind: "enrolled", answer };
}

async function identify(
  request: EnrolRequest,
  ports: Ports,
): Promise<{ readonly profile: string; readonly id: string }> {
  const kinds = new Set(ports.settings().profiles.map((profile) => profile.compute.kind));
  for (const kind of kinds) {
    const subject = (await ports.compute(kind)?.identify(request.proof))?.runner;
    if (subject !== undefined) return parseSubject(subject);
  }
  throw new OnejobError("unauthorised", "this machine proves to be none of ours");
}

async function bind(
  runner: Runner,
  { request, made }: { readonly request: EnrolRequest; readonly made: Enrolment | undefined },
  ports: Ports,
): Promise<Runner> {
  const at = ports.clock.now();
  const bootedAt = Date.parse(request.bootedAt);
  const claim = (current: Runner): Runner => {
    const claimed = claimedBy(current, request.nonce, { bootedAt, at });
    return made === undefined ? claimed : grantedTo(claimed, { at, handle: made.handle });
  };
  const { record } = await settle(
    runner,
    (current) => (current.nonce === null && mayEnrol(current) ? claim(current) : undefined),
    (next) => ports.ledger.saveRunner(next),
  );
  return stillIts(record, request.nonce);
}

/** Written before the right leaves the house: from then on only two keys end the machine. */
async function grant(runner: Runner, { handle }: Enrolment, ports: Ports): Promise<void> {
  const at = ports.clock.now();
  const { record } = await settle(
    runner,
    (current) =>
      current.nonce === runner.nonce && isEnrolling(current)
        ? { ...grantedTo(current, { at, handle }), version: current.version + 1 }
        : undefined,
    (next) => ports.ledger.saveRunner(next),
  );
  stillIts(record, runner.nonce);
}

function stillIts(runner: Runner, nonce: string | null): Runner {
  if (runner.nonce === nonce && isEnrolling(runner)) return runner;
  throw new OnejobError("enrolment-taken", `runner ${runner.id}`);
}

function isEnrolling(runner: Runner): boolean {
  return runnerTraits[runner.state].deadline === "boot";
}

function mayEnrol(runner: Runner): boolean {
  return runnerTraits[runner.state].supply && !runner.draining;
}

/** 0: its right may be made anew now. While its source fails, not before the pause that came of that is over. */
async function pauseBeforeMaking(runner: Runner, ports: Ports): Promise<number> {
  const now = ports.clock.now();
  const failing = await failureOf(runner, ports);
  if (failing !== undefined) return Math.max(0, (failing.until ?? now) - now);
  return now - runner.createdAt < makingMs ? 2 * notYetMs : 0;
}

async function makeAnew(runner: Runner, ports: Ports) {
  await enrol(runner, ports.settings().lease.durationMs, ports);
  const enrolment = await ports.ledger.readEnrolment(runner.id);
  if (enrolment !== undefined) await unblockReach(runner, ports);
  return enrolment;
}
