/**
 * Enrol: is this machine who it says, and is its enrolment free or already its own? The first agent to ask holds the
 * runner for good; until it listens the same agent may ask again (its answer was lost). Any other gets `enrolment-taken`.
 */
import type { EnrolAnswer, EnrolLater, EnrolRequest } from "../core/agent-protocol";
import { OnejobError } from "../core/errors";
import { runnerTraits } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import type { Enrolment, Runner } from "../core/model";
import type { Identity, Ports } from "../core/ports";
import { claimedBy, grantedTo } from "../core/runner-moves";
import { parseSubject, runnerSubject } from "../core/subject";
import { profileOf, settle } from "./moves";
import { enrol } from "./perform-launch";
import { failureOf, unblockReach } from "./reach-state";

/** A valid machine that is not written yet, or whose right is just being made. */
const notYetMs = 50;
/** One that proves itself anew each time, which is a call to somebody else. */
const unknownMachineMs = 1_000;
/**
 * Whoever launched it makes its right at the same time, however slowly its source answers. Only when that is surely over,
 * a second one is made: who came later would take the name from who came first.
 */
const longestMakingMs = 75_000;
const laterMs = 2_000;
const longestHeartbeatMs = 60_000;

export type Enrolled =
  { readonly kind: "enrolled"; readonly answer: EnrolAnswer } | { readonly kind: "later"; readonly answer: EnrolLater };

export async function enrolRunner(request: EnrolRequest, ports: Ports): Promise<Enrolled> {
  const identity = await identify(request, ports);
  const { runner, made } = await findBoth(identity, ports);
  if (runner === undefined) return { kind: "later", answer: { retryAfterMs: notYetOf(identity) } };
  const { profile, id } = runner;
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

async function identify({ proof, nonce }: EnrolRequest, ports: Ports): Promise<Identity> {
  const kinds = new Set(ports.settings().profiles.map((profile) => profile.compute.kind));
  const given = proof.kind === "token" ? proof : { ...proof, nonce };
  for (const kind of kinds) {
    const identity = await ports.compute(kind)?.identify(given);
    if (identity !== undefined) return identity;
  }
  throw new OnejobError("unauthorised", "this machine proves to be none of ours");
}

function notYetOf(identity: Identity): number {
  return identity.machine === undefined ? notYetMs : unknownMachineMs;
}

interface Both {
  /** `undefined`: it is not written yet. */
  readonly runner: Runner | undefined;
  readonly made: Enrolment | undefined;
}

/** Side by side, where the machine says its runner. */
async function findBoth(identity: Identity, ports: Ports): Promise<Both> {
  if (identity.runner === null) {
    const runner = await findByMachine(identity, ports);
    return { runner, made: runner && (await ports.ledger.readEnrolment(runner.id)) };
  }
  const { profile, id } = parseSubject(identity.runner);
  const [runner, made] = await Promise.all([ports.ledger.readRunner(profile, id), ports.ledger.readEnrolment(id)]);
  return { runner: onlyOf(identity, runner, ports), made };
}

function onlyOf({ machine }: Identity, runner: Runner | undefined, ports: Ports): Runner | undefined {
  if (runner === undefined || machine === undefined || runner.machine === machine) return runner;
  // A runner has one machine. Another one that names it was made for the same slot by a launch that got lost.
  ports.log.warn("a machine names a runner that has another one", { ...runnerIds(runner), machine });
  throw new OnejobError("unauthorised", "the runner this machine names has another machine");
}

/** The long way, for machines that cannot say their runner. */
async function findByMachine(
  { machine, profiles }: Extract<Identity, { readonly runner: null }>,
  ports: Ports,
): Promise<Runner | undefined> {
  for (const name of profiles) {
    const { runners } = await ports.ledger.readProfile(name);
    const found = runners.find((runner) => runner.machine === machine);
    if (found !== undefined) return found;
  }
  return undefined;
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
  const { record, changed } = await settle(
    runner,
    (current) => (current.nonce === null && mayEnrol(current) ? claim(current) : undefined),
    (next) => ports.ledger.saveRunner(next),
  );
  if (changed) ports.log.info("machine reported in", { ...runnerIds(record), state: record.state });
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
  const madeForMs = now - runner.createdAt;
  const { bootMs = Infinity } = profileOf(ports, runner.profile)?.timeouts ?? {};
  const makingMs = Math.min(longestMakingMs, bootMs / 2);
  // Mostly a moment; what takes longer is asked for less and less often.
  return madeForMs < makingMs ? Math.max(2 * notYetMs, madeForMs / 10) : 0;
}

async function makeAnew(runner: Runner, ports: Ports) {
  await enrol(runner, ports.settings().lease.durationMs, ports);
  const enrolment = await ports.ledger.readEnrolment(runner.id);
  if (enrolment !== undefined) await unblockReach(runner, ports);
  return enrolment;
}
