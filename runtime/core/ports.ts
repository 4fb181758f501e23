/**
 * What the flows need from the world, on one page. Adapters implement one port each and import only `core`.
 * Every port has one contract suite in `test/contract/`, run against every adapter.
 *
 * Rules that hold for all: expected outcomes are values; a method throws only when it could not find out.
 * Whoever calls must be able to call again: each method says what a second call does.
 */
import type { SignedProof, TokenProof } from "./agent-protocol";
import type { JobEvent, JobFacts, Parsed, RunOver } from "./events";
import type {
  Enrolment,
  FleetRecord,
  Instant,
  Job,
  JobKey,
  JobState,
  Market,
  PlannerRecord,
  ProfileView,
  Reach,
  Runner,
} from "./model";
import type { ReasonCode } from "./reasons";
import type { Settings } from "./settings";

export interface Ports {
  /** The settings in force; asked anew for every decision, so that a reload takes effect. */
  readonly settings: () => Settings;
  readonly source: (name: string) => JobSource | undefined;
  readonly compute: (kind: string) => Compute | undefined;
  readonly ledger: Ledger;
  readonly queue: Queue;
  readonly files: Files;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
}

/**
 * Where jobs come from. Ordered: no. All methods may be called again for the same job or runner. A source that cannot
 * be asked throws `source-unreachable`, one that asks us to slow down `source-throttled` (with the time to wait in its
 * details), one that refuses what we want, because a right or a setting is missing, `source-refused`.
 */
export interface JobSource {
  readonly name: string;
  /** `true`: we decide which runner takes which job (`api`); `false`: the forge does, and tells us afterwards. */
  readonly assigns: boolean;
  /** `true`: starts and ends of jobs are told by webhooks, `false`: they have to be asked for. */
  readonly announces: boolean;
  /** Verifies the raw bytes, then parses. Throws `bad-signature`, `bad-request`, `bad-media-type`. No effects. */
  receive(delivery: Delivery): Promise<Parsed>;
  /** A one-time right to take one job in reach. A second call for the same runner replaces the first right. */
  enrol(reach: Reach, runner: { readonly id: string; readonly name: string }): Promise<Enrolment>;
  /**
   * Takes that right back. `withdrawn` also when it was gone already; `busy`: it has a job, leave it alone.
   * `handle`: what `enrol` answered, if it is known.
   */
  withdraw(runner: Runner, handle: string | null): Promise<"withdrawn" | "busy">;
  /** Asks the source to stop the job. `ours` when only we can stop it. Gone already: no error. */
  cancel(job: Job): Promise<"asked" | "ours">;
  /**
   * Asks the source to run an ended job again, as a new job. `later`: not while the rest of its run goes on.
   * Once it has been run again a second call throws `source-refused`.
   */
  rerun(job: Job, wish: RerunWish): Promise<"asked" | "later" | "ours">;
  /** How the job stands there at this moment, as an event; `undefined`: the source does not know it (any more). */
  jobState(job: Job): Promise<JobEvent | undefined>;
  /** Whether the job's code comes from a fork. `null`: it cannot be found out. */
  isFork(facts: JobFacts): Promise<boolean | null>;
  /**
   * What stands differently there from `known`, our open jobs of this source: jobs we missed, and moves we missed. One
   * that is certainly gone there is `cancelled`.
   */
  findJobs(known: readonly Job[]): Promise<readonly JobEvent[]>;
  /** Has deliveries that never reached us sent again. Answers how many. */
  redeliverLost(): Promise<number>;
  /** Takes back what is registered there under a name of ours, is not online, and `isGone` here. Answers how many. */
  removeGhosts(isGone: (runner: string) => Promise<boolean>): Promise<number>;
}

export interface RerunWish {
  /** It only has to come to a good end: one that has, or that has been run again already, is as good as `asked` for. */
  readonly unlessDone: boolean;
}

/** A webhook as it came in: raw bytes, header names in lower case. */
export interface Delivery {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly receivedAt: Instant;
}

/** What makes machines. */
export interface Compute {
  readonly kind: string;
  /**
   * What stands between a job and the server's host: nothing but the process (`none`: it runs as the server's own
   * user), a user id of its own, or a machine or container of its own.
   */
  readonly wall: Wall;
  /**
   * Makes the machines of one launch and says for each, by runner id, what became of it. Idempotent by runner id: a
   * second call with the same request starts nothing that runs or ran already. Throws when no outcome is known.
   */
  launch(request: LaunchRequest): Promise<readonly MachineOutcome[]>;
  /** Ends machines and removes what they left. Done or gone already: no error. Resolves when nothing is left. */
  terminate(machines: readonly string[]): Promise<void>;
  /** Every machine that is provably ours, including remains of dead ones; may lag behind `launch` by `listLagMs`. */
  list(): Promise<readonly Machine[]>;
  readonly listLagMs: number;
  /** Whose proof this is; `undefined` when it proves nothing. Throws when that could not be found out. */
  identify(proof: IdentityProof): Promise<Identity | undefined>;
}

export type Wall = "none" | "user" | "machine";

export interface LaunchRequest {
  readonly launch: string;
  readonly token: string;
  readonly profile: string;
  /** Where a compute knows markets: from this one first. @default what the profile says */
  readonly market?: Market;
  /** It may have been asked for before, by whoever got no answer. @default false */
  readonly repeated?: boolean;
  readonly machines: readonly {
    readonly runner: string;
    /** Proves to `enrol` which runner it is; handed over in a way other users of the machine cannot read. */
    readonly bootToken: string;
  }[];
}

export type MachineOutcome =
  | { readonly runner: string; readonly outcome: "launched"; readonly machine: string }
  | {
      readonly runner: string;
      readonly outcome: "no-capacity" | "quota" | "throttled" | "misconfigured";
      readonly detail: string;
      /** When it may be asked for again, where that is known. */
      readonly retryAt?: Instant;
    };

export interface Machine {
  readonly machine: string;
  /** `null`: it does not say (yet), e.g. after a crash in the midst of its making. */
  readonly launch: string | null;
  readonly runner: string;
  /** `false`: its agent is dead; only remains are left to be removed. */
  readonly alive: boolean;
}

/** `nonce`: of the agent that gave it; a signed proof holds for that one only. */
export type IdentityProof = TokenProof | (SignedProof & { readonly nonce: string });

export type Identity =
  /** A token made out to this runner. */
  | { readonly runner: string; readonly machine?: undefined }
  /** A machine of ours. `runner`: whose it says it is, which only the ledger can confirm. */
  | { readonly machine: string; readonly runner: string }
  /** It does not know (yet) whose it is, and is looked for in the ledger, among the runners of these profiles. */
  | { readonly machine: string; readonly runner: null; readonly profiles: readonly string[] };

/** A conditional write: done, or refused with what stands there now (`undefined`: nothing does). */
export type Written<T> =
  { readonly written: true; readonly record: T } | { readonly written: false; readonly current: T | undefined };

/**
 * Knows every job, launch and runner. Each write is one item on one condition; nothing spans items, and the sweep
 * repairs what a crash left between two. `create…` is refused when the item exists, `save…` when its version is not
 * `record.version - 1`. Reads are consistent unless said otherwise.
 */
export interface Ledger {
  createJob(job: Job): Promise<Written<Job>>;
  saveJob(job: Job): Promise<Written<Job>>;
  /** `profile`: where it is believed to be (one consistent read); without it an index is asked, which may lag. */
  readJob(key: JobKey, profile?: string | null): Promise<Job | undefined>;
  /** Removes exactly this version of it. Answers whether it is gone: not when it has changed. */
  dropJob(job: Job): Promise<boolean>;
  /** Newest first; may lag. */
  listJobs(query: JobQuery): Promise<Page<Job>>;
  /** Jobs whose key or id begins so, at most `limit`; may lag. */
  findJobs(prefix: string, limit: number): Promise<readonly Job[]>;

  createRunner(runner: Runner): Promise<Written<Runner>>;
  saveRunner(runner: Runner): Promise<Written<Runner>>;
  readRunner(profile: string, id: string): Promise<Runner | undefined>;

  /** Planner record, jobs not final and runners not gone, consistently in one query. A new profile reads as empty. */
  readProfile(profile: string): Promise<ProfileView>;
  /** The planner record alone; a new profile's is empty, version 0. */
  readPlanner(profile: string): Promise<PlannerRecord>;
  savePlanner(record: PlannerRecord): Promise<Written<PlannerRecord>>;
  /** Names of every profile that ever had a record, configured or not. */
  listProfiles(): Promise<readonly string[]>;
  /** Jobs that fit no profile and are not final. */
  readUnrouted(): Promise<readonly Job[]>;

  readFleet(): Promise<FleetRecord>;
  saveFleet(record: FleetRecord): Promise<Written<FleetRecord>>;

  saveEnrolment(runner: string, enrolment: Enrolment, expiresAt: Instant): Promise<void>;
  readEnrolment(runner: string): Promise<Enrolment | undefined>;
  dropEnrolment(runner: string): Promise<void>;

  /** Stores `value` under `name` unless something stands there; answers what stands there afterwards. */
  remember(name: string, value: string, expiresAt: Instant): Promise<string>;
  /** What stands under a name; `undefined`: nothing, or nothing any more. */
  readNote(name: string): Promise<Note | undefined>;
  /** Version 1 where nothing stands (any more), else over the version before. `remember` leaves version 1. */
  saveNote(note: Note): Promise<Written<Note>>;

  /** Jobs and runners whose deadline has passed, oldest first; may lag, so check the record again before acting. */
  due(now: Instant, limit: number): Promise<readonly DueItem[]>;
  /** Removes finished records older than `before`, at most `limit`; answers what went. */
  purge(before: Instant, limit: number): Promise<readonly { readonly job: JobKey }[]>;
}

/** What processes leave for each other. Names of secrets are those of `secret-names.ts`. */
export interface Note {
  readonly name: string;
  readonly value: string;
  readonly version: number;
  /** From then on nothing stands there. */
  readonly expiresAt: Instant;
}

export type DueItem =
  | { readonly kind: "job"; readonly key: JobKey; readonly profile: string | null }
  | { readonly kind: "runner"; readonly id: string; readonly profile: string };

export interface JobQuery {
  readonly state?: JobState;
  readonly source?: string;
  readonly profile?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** What flows ask of each other. Every message may come twice, late, and out of order. */
export type Message =
  | { readonly kind: "job-event"; readonly event: JobEvent }
  | { readonly kind: "run-over"; readonly run: RunOver }
  /** Run it again once its source allows it. `of`: only if that is how it ends; else whoever asks wants it anyway. */
  | {
      readonly kind: "rerun";
      readonly job: JobKey;
      readonly profile: string | null;
      readonly of?: "interruption";
    }
  /** Find its place again; the source could not be asked. */
  | { readonly kind: "place"; readonly job: JobKey; readonly profile: string | null }
  /** Ask a source what stands differently there: our word on some of its jobs is behind. */
  | { readonly kind: "discover"; readonly source: string }
  | { readonly kind: "plan"; readonly profile: string }
  | { readonly kind: "retire"; readonly profile: string; readonly runner: string; readonly reason: ReasonCode | null }
  /** Its machine has ended: `machine`, by the compute's own word; else there are signs of it, and the compute is asked. */
  | { readonly kind: "check"; readonly profile: string; readonly runner: string; readonly machine?: string }
  /** Its machine will be taken away, may be, or was: it should take no further job. */
  | {
      readonly kind: "warned";
      readonly profile: string;
      readonly runner: string;
      readonly of: "interruption" | "rebalance" | "taken";
      /** Of which that was said. @default whichever it has */
      readonly machine?: string;
    };

/** Durable, at least once, unordered. A message is gone only after `done`; one not done in time comes again. */
export interface Queue {
  /** Resolves once all are stored. */
  send(messages: readonly Message[]): Promise<void>;
  /** Up to `max`; waits at most `waitMs` for the first. Received ones are hidden until `done`, `retry` or a restart. */
  receive(max: number, waitMs: number): Promise<readonly Received[]>;
  done(id: string): Promise<void>;
  /** Shows it again after `delayMs`. */
  retry(id: string, delayMs: number): Promise<void>;
  /** Messages stored and not done. */
  depth(): Promise<number>;
}

export interface Received {
  readonly id: string;
  readonly message: Message;
  /** 1 the first time. */
  readonly attempt: number;
}

/** Bundles and logs of api jobs. */
export interface Files {
  /** Stores the packed folder of a job that is about to be created; replaces an earlier one. */
  putBundle(job: JobKey, content: AsyncIterable<Uint8Array>): Promise<BundleFacts>;
  openBundle(job: JobKey): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Gone already: no error. */
  dropBundle(job: JobKey): Promise<void>;
  /**
   * Puts `data` at byte `offset`; what is there already is skipped, so sending twice is harmless.
   * Answers the size afterwards; a gap writes nothing and answers the smaller size to resume from.
   */
  appendLog(job: JobKey, offset: number, data: Uint8Array): Promise<number>;
  /** At most `limit` bytes from `offset`; empty at the end or without a log. */
  readLog(job: JobKey, offset: number, limit: number): Promise<Uint8Array>;
  logSize(job: JobKey): Promise<number>;
  /** Gone already: no error. */
  dropLog(job: JobKey): Promise<void>;
  /** Where clients and machines reach the store themselves; without it everything goes through the server. */
  readonly direct?: DirectFiles;
}

/** Ways past the server, for bundles too large for it. Each is open for a while, and to whoever holds its address. */
export interface DirectFiles {
  /** A place for exactly these bytes, filled once. The same `id` again: the same place, by a fresh address. */
  offer(id: string, content: BundleFacts): Promise<UploadOffer>;
  /** What stands in the place becomes the job's bundle, replacing an earlier one; `false`: nothing does. Again: harmless. */
  take(id: string, job: JobKey): Promise<boolean>;
  /** Where the job's bundle is fetched by GET; whether there is one is found out there. */
  link(job: JobKey): Promise<string>;
}

export interface BundleFacts {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** To be sent by PUT. */
export interface UploadOffer {
  readonly url: string;
  /** To be sent along, as they are. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: Instant;
}

/** Signed names: made again from the same subject at any time, so no token is ever stored. */
export interface Tokens {
  /** `boot` proves to be a runner's machine; `lease` is the agent's right to report for it. */
  mint(kind: TokenKind, subject: string): string;
  /** The subject, in constant time; `undefined` for anything not minted here as this kind. */
  check(kind: TokenKind, token: string): string | undefined;
}
export type TokenKind = "boot" | "lease";

export interface Clock {
  now(): Instant;
}

export interface Random {
  /** Lower-case letters and digits, unguessable. */
  id(length: number): string;
  /** 26 characters, sorting by `now`. */
  ulid(now: Instant): string;
  /** In [0, 1). */
  fraction(): number;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Static sentences; what varies goes into fields (`job`, `runner`, `profile`, `delivery`, `launch`). Never secrets. */
export interface Log {
  debug(sentence: string, fields?: LogFields): void;
  info(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  error(sentence: string, fields?: LogFields): void;
}

/** Names and labels as in INTERFACE, METRICS. */
export interface Meter {
  count(name: CounterName, labels: Readonly<Record<string, string>>, by?: number): void;
  observe(name: HistogramName, seconds: number, labels?: Readonly<Record<string, string>>): void;
}
export type CounterName = "onejob_launches_total" | "onejob_sweep_repairs_total" | "onejob_webhooks_total";
export type HistogramName = "onejob_queue_to_start_seconds" | "onejob_stage_seconds";
