/** What a test of a `JobSource` needs: the source, and the far side whose jobs and runners the test moves by hand. */
import type { JobFacts } from "../../runtime/core/events";
import { newJob } from "../../runtime/core/job-moves";
import { runnerName, type Enrolment, type Instant, type Job, type Reach, type Runner } from "../../runtime/core/model";
import type { Delivery, JobSource } from "../../runtime/core/ports";
import { someProfile, someRunner } from "../fixtures/records";

export interface SourceWorld {
  readonly source: JobSource;
  /** What a runner of its jobs can serve. */
  readonly reach: Reach;
  /** A job as the source would tell of it, that never was. */
  neverWas(): JobFacts;
  /** `null`: there is no other place where its jobs are. */
  readonly far: FarSide | null;
  close(): Promise<void>;
}

export type Conclusion = "success" | "failure" | "cancelled";

export interface FarJobSpec {
  /** It waits for somebody's approval. */
  readonly held?: boolean;
  /** Its code comes from a fork. */
  readonly fork?: boolean;
}

/** The forge. Its jobs ask for `labels` of the reach. */
export interface FarSide {
  now(): Instant;
  /** Time passes, there and for the source: whole seconds, because forges tell no finer. */
  pass(ms: number): void;
  /** One run of these jobs, as it would first be told of them. */
  queue(...jobs: readonly FarJobSpec[]): readonly JobFacts[];
  approve(job: JobFacts): void;
  /** Somebody there cancels it. One that runs ends when its runner does. */
  cancelThere(job: JobFacts): void;
  /** Somebody there runs the ended job again. */
  rerunThere(job: JobFacts): void;
  /** Takes the right into use; rejects when it is good for nothing (any more). */
  listen(enrolment: Enrolment): Promise<Listener>;
  /** Registers a runner that is none of ours, under any name. */
  stranger(name: string): Promise<Enrolment>;
  registered(): readonly Registered[];
  /** Every call fails so until `repair`. */
  break(trouble: Trouble): void;
  repair(): void;
  /** The answer to the call that is the `nth` from now on is lost, none after it. Does nothing where one call is all. */
  loseAnswer(nth: number): void;
  /** Its clock is wrong by so much. Does nothing where it is ours. */
  setClockWrong(ms: number): void;
  /** `null`: nobody is told of anything. */
  readonly webhooks: Webhooks | null;
}

export interface Listener {
  /** Takes the job that waits for it; answers its id. */
  take(): Promise<string>;
  /** Ends the job it took. */
  finish(conclusion: Conclusion): Promise<void>;
  /** Stops listening, or dies. */
  leave(): Promise<void>;
}

export interface Registered {
  readonly name: string;
  /** As in a reach. */
  readonly group: string;
  readonly labels: readonly string[];
  readonly online: boolean;
}

export type Trouble =
  | "is down"
  | "hangs up"
  /** What is asked is done, and nobody hears of it. */
  | "loses answers"
  | "is asked too much"
  /** It knows us, and we may do nothing. */
  | "grants no right"
  /** It knows us no more, or will have nothing to do with us for now. */
  | "locks us out"
  /** We may do nothing, and it says that nothing is there. */
  | "hides everything";

export interface Webhooks {
  /** What arrived and was taken, oldest first, as a server hands it on. */
  arrived(): Promise<readonly Delivery[]>;
  /** What becomes of those that are sent from now on. `refused`: we answer 503. */
  fate(fate: "sent" | "doubled" | "lost" | "refused"): Promise<void>;
  /** A delivery made up by somebody who knows the secret, or does not, or does not sign at all. */
  madeUp(body: Uint8Array, signed: "rightly" | "wrongly" | "not at all"): Delivery;
}

export type Bench = () => SourceWorld;

/** The far side, for tests that need one. */
export function farOf({ far }: SourceWorld): FarSide {
  if (far === null) throw new Error("there is no far side: state it in `skip`");
  return far;
}

/** What is known here of a job. */
export function ourJob(facts: JobFacts, state: Job["state"] = "queued"): Job {
  const { source, host, scope, group, labels, createdAt: now } = facts;
  const reach = { source, host, scope, group, labels };
  const made = newJob(facts, { profile: someProfile(), reach, barred: null }, { receivedAt: now, now, delivery: "d" });
  return { ...made, state };
}

export function ourRunner(id: string, { reach }: SourceWorld): Runner {
  return someRunner({ id, name: runnerName(id), reach });
}

export function enrol(world: SourceWorld, id = "a"): Promise<Enrolment> {
  return world.source.enrol(world.reach, { id, name: runnerName(id) });
}

/** A runner of ours that took the job. */
export async function runs(world: SourceWorld, id = "a"): Promise<{ enrolment: Enrolment; listener: Listener }> {
  const enrolment = await enrol(world, id);
  const listener = await farOf(world).listen(enrolment);
  await listener.take();
  return { enrolment, listener };
}

export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length > 1) throw new Error(`not one but ${items.length}`);
  return item;
}

export function queueOne(world: SourceWorld, spec: FarJobSpec = {}): JobFacts {
  return only(farOf(world).queue(spec));
}
