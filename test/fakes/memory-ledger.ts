/**
 * The ledger in memory, with the conditions, expiries and orders of the real one. Cheap and deterministic: it keeps
 * the records themselves, answers in the next microtask, and looks only at what is live where many are finished.
 */
import { isFinal, isGone } from "../../runtime/core/lifecycle";
import type {
  Enrolment,
  FleetRecord,
  Instant,
  Job,
  JobKey,
  PlannerRecord,
  ProfileView,
  Runner,
} from "../../runtime/core/model";
import type { Clock, DueItem, JobQuery, Ledger, Note, Page, Written } from "../../runtime/core/ports";
import { decodeCursor, encodeCursor } from "../../runtime/ledger/cursor";
import { emptyFleet, emptyPlanner } from "../../runtime/ledger/empty-records";
import { recentAt } from "../../runtime/ledger/keys";
import { MemoryTable, type Stored } from "./memory-table";

export interface MemoryLedgerOptions {
  readonly clock: Clock;
  /** Default: seven days. */
  readonly retentionMs?: () => number;
}

const week = 7 * 24 * 3_600_000;

export class MemoryLedger implements Ledger {
  readonly #clock: Clock;
  readonly #retentionMs: () => number;
  readonly #jobs: MemoryTable<Job>;
  readonly #runners: MemoryTable<Runner>;
  readonly #planners: MemoryTable<PlannerRecord>;
  readonly #fleet: MemoryTable<FleetRecord>;
  readonly #enrolments: MemoryTable<Enrolment>;
  readonly #notes: MemoryTable<Note>;

  constructor({ clock, retentionMs = () => week }: MemoryLedgerOptions) {
    this.#clock = clock;
    this.#retentionMs = retentionMs;
    this.#jobs = new MemoryTable(clock);
    this.#runners = new MemoryTable(clock);
    this.#planners = new MemoryTable(clock);
    this.#fleet = new MemoryTable(clock);
    this.#enrolments = new MemoryTable(clock);
    this.#notes = new MemoryTable(clock);
  }

  async createJob(job: Job): Promise<Written<Job>> {
    return this.#jobs.create(this.#storedJob(job));
  }

  async saveJob(job: Job): Promise<Written<Job>> {
    return this.#jobs.save(this.#storedJob(job));
  }

  async dropJob(job: Job): Promise<boolean> {
    const place = { partition: job.profile ?? "", name: job.key };
    if (this.#jobs.get(place)?.version === job.version) this.#jobs.remove(place);
    return this.#jobs.get(place) === undefined;
  }

  async readJob(key: JobKey, profile?: string | null): Promise<Job | undefined> {
    if (profile !== undefined) return this.#jobs.get({ partition: profile ?? "", name: key });
    const found = this.#jobs.named(key);
    return found.find((job) => job.profile !== null) ?? found[0];
  }

  async listJobs(query: JobQuery): Promise<Page<Job>> {
    const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const names = (["state", "source", "profile"] as const).filter((name) => query[name] !== undefined);
    const matching = this.#jobs
      .all()
      .filter((job) => before === undefined || recentAt(job) < before)
      .filter((job) => names.every((name) => job[name] === query[name]));
    const found = oncePerKey(matching);
    const items = found.slice(0, query.limit);
    const last = items.at(-1);
    return { items, nextCursor: found.length > items.length && last !== undefined ? encodeCursor(last) : null };
  }

  async findJobs(prefix: string, limit: number): Promise<readonly Job[]> {
    const start = prefix.toLowerCase();
    if (start === "") return [];
    const names = (job: Job): readonly string[] => [job.key.toLowerCase(), job.id.toLowerCase()];
    const found = this.#jobs.all().filter((job) => names(job).some((name) => name.startsWith(start)));
    const exact = found.filter((job) => names(job).includes(start));
    return (exact.length > 0 ? everyPlace(exact) : oncePerKey(found)).slice(0, limit);
  }

  async createRunner(runner: Runner): Promise<Written<Runner>> {
    return this.#runners.create(this.#storedRunner(runner));
  }

  async saveRunner(runner: Runner): Promise<Written<Runner>> {
    return this.#runners.save(this.#storedRunner(runner));
  }

  async readRunner(profile: string, id: string): Promise<Runner | undefined> {
    return this.#runners.get({ partition: profile, name: id });
  }

  async readProfile(profile: string): Promise<ProfileView> {
    return {
      planner: await this.readPlanner(profile),
      jobs: this.#jobs.live(profile),
      runners: this.#runners.live(profile),
    };
  }

  async readPlanner(profile: string): Promise<PlannerRecord> {
    return this.#planners.get({ partition: "", name: profile }) ?? emptyPlanner(profile);
  }

  async savePlanner(record: PlannerRecord): Promise<Written<PlannerRecord>> {
    const planner = lasting(record.profile, record);
    return first(record) ? this.#planners.create(planner) : this.#planners.save(planner);
  }

  async listProfiles(): Promise<readonly string[]> {
    return this.#planners.live("").map(({ profile }) => profile);
  }

  async readUnrouted(): Promise<readonly Job[]> {
    return this.#jobs.live("");
  }

  async readFleet(): Promise<FleetRecord> {
    return this.#fleet.get({ partition: "", name: "fleet" }) ?? emptyFleet;
  }

  async saveFleet(record: FleetRecord): Promise<Written<FleetRecord>> {
    const fleet = lasting("fleet", record);
    return first(record) ? this.#fleet.create(fleet) : this.#fleet.save(fleet);
  }

  async saveEnrolment(runner: string, enrolment: Enrolment, expiresAt: Instant): Promise<void> {
    this.#enrolments.put(passing(runner, enrolment, expiresAt));
  }

  async readEnrolment(runner: string): Promise<Enrolment | undefined> {
    return this.#enrolments.get({ partition: "", name: runner });
  }

  async dropEnrolment(runner: string): Promise<void> {
    this.#enrolments.remove({ partition: "", name: runner });
  }

  async remember(name: string, value: string, expiresAt: Instant): Promise<string> {
    const result = await this.saveNote({ name, value, version: 1, expiresAt });
    return result.written ? value : (result.current?.value ?? value);
  }

  async readNote(name: string): Promise<Note | undefined> {
    return this.#notes.get({ partition: "", name });
  }

  async saveNote(note: Note): Promise<Written<Note>> {
    const { name, version, expiresAt } = note;
    const stored = { ...passing(name, note, expiresAt), version };
    return first(note) ? this.#notes.create(stored) : this.#notes.save(stored);
  }

  async due(now: Instant, limit: number): Promise<readonly DueItem[]> {
    const jobs = this.#jobs.due(now).map(({ record, dueAt }) => {
      const item: DueItem = { kind: "job", key: record.key, profile: record.profile };
      return { item, dueAt, name: `JOB#${record.key}` };
    });
    const runners = this.#runners.due(now).map(({ record, dueAt }) => {
      const item: DueItem = { kind: "runner", id: record.id, profile: record.profile };
      return { item, dueAt, name: `RUNNER#${record.id}` };
    });
    return [...jobs, ...runners]
      .sort(oldestFirst)
      .slice(0, Math.max(0, limit))
      .map(({ item }) => item);
  }

  async purge(before: Instant, limit: number): Promise<readonly { readonly job: JobKey }[]> {
    const jobs = this.#jobs.ended(before - 1, limit).map(({ place, record, dueAt }) => {
      return { dueAt, name: `JOB#${record.key}`, job: record.key, remove: () => this.#jobs.remove(place) };
    });
    const runners = this.#runners.ended(before - 1, limit).map(({ place, dueAt }) => {
      return { dueAt, name: `RUNNER#${place.name}`, job: undefined, remove: () => this.#runners.remove(place) };
    });
    const finished = [...jobs, ...runners].sort(oldestFirst).slice(0, Math.max(0, limit));
    for (const { remove } of finished) remove();
    this.#purgeExpired(limit - finished.length);
    return finished.flatMap(({ job }) => (job === undefined ? [] : [{ job }]));
  }

  #purgeExpired(limit: number): void {
    const now = this.#clock.now();
    const enrolments = this.#enrolments.ended(now, limit);
    for (const { place } of enrolments) this.#enrolments.remove(place);
    for (const { place } of this.#notes.ended(now, limit - enrolments.length)) this.#notes.remove(place);
  }

  #storedJob(job: Job): Stored<Job> {
    const place = { partition: job.profile ?? "", name: job.key };
    const { version } = job;
    if (!isFinal(job.state)) return { ...open(job.deadlineAt), place, record: job, version };
    return { ...this.#ended(job.finishedAt ?? this.#clock.now()), place, record: job, version };
  }

  #storedRunner(runner: Runner): Stored<Runner> {
    const place = { partition: runner.profile, name: runner.id };
    const { version } = runner;
    if (!isGone(runner.state)) return { ...open(runner.deadlineAt), place, record: runner, version };
    return { ...this.#ended(this.#clock.now()), place, record: runner, version };
  }

  #ended(at: Instant) {
    return { live: false, dueAt: at, expiresAt: at + this.#retentionMs() };
  }
}

function open(deadlineAt: Instant | null) {
  return { live: true, dueAt: deadlineAt ?? Infinity, expiresAt: Infinity };
}

function lasting<T extends { readonly version: number }>(name: string, record: T): Stored<T> {
  const { version } = record;
  return { place: { partition: "", name }, record, version, live: true, dueAt: Infinity, expiresAt: Infinity };
}

function passing<T>(name: string, record: T, expiresAt: Instant): Stored<T> {
  return { place: { partition: "", name }, record, version: 0, live: false, dueAt: expiresAt, expiresAt };
}

/** Planner and fleet read as version 0 before anything stands there. */
function first({ version }: { readonly version: number }): boolean {
  return version === 1;
}

/** Newest first. */
function oncePerKey(jobs: readonly Job[]): readonly Job[] {
  return [...new Map(everyPlace(jobs).map((job) => [job.key, job])).values()];
}

/** Newest first; a job that found a profile late has left the place without one. */
function everyPlace(jobs: readonly Job[]): readonly Job[] {
  const routed = new Set(jobs.filter(({ profile }) => profile !== null).map(({ key }) => key));
  return jobs
    .filter(({ key, profile }) => profile !== null || !routed.has(key))
    .sort((a, b) => (recentAt(a) < recentAt(b) ? 1 : -1));
}

interface Dated {
  readonly dueAt: Instant;
  readonly name: string;
}

function oldestFirst(a: Dated, b: Dated): number {
  return a.dueAt - b.dueAt || (a.name < b.name ? -1 : 1);
}
