/**
 * The ledger as functions far away see it: each call takes its time and may fail, a write may be done though its answer
 * says otherwise, and indexes lag. What it keeps and refuses is the store's own doing.
 */
import type { Enrolment, FleetRecord, Instant, Job, JobKey, PlannerRecord, Runner } from "../../runtime/core/model";
import type { DueItem, JobQuery, Ledger, Note, Written } from "../../runtime/core/ports";
import type { Costs } from "./costs";
import type { Dice } from "./dice";
import type { IndexLag } from "./index-lag";
import type { Strand } from "./strand";

/** Told of every write that was done, whatever its writer heard of it. */
export interface LedgerWatch {
  wroteJob(job: Job): void;
  droppedJob(job: Job): void;
  wroteRunner(runner: Runner): void;
  wrotePlanner(planner: PlannerRecord): void;
  wroteFleet(fleet: FleetRecord): void;
}

export interface LedgerParts {
  readonly store: Ledger;
  readonly dice: Dice;
  readonly lag: IndexLag;
  readonly watch: LedgerWatch;
  readonly costs: Costs;
}

/** Writes that depend on nothing. */
const directWrites: ReadonlySet<string> = new Set(["dropJob", "saveEnrolment", "dropEnrolment", "remember"]);

export class SimLedger implements Ledger {
  readonly #strand: Strand;
  readonly #parts: LedgerParts;

  constructor(strand: Strand, parts: LedgerParts) {
    this.#strand = strand;
    this.#parts = parts;
  }

  createJob(job: Job): Promise<Written<Job>> {
    return this.#write(
      "createJob",
      () => this.#parts.store.createJob(job),
      (done) => this.#wroteJob(done),
    );
  }

  saveJob(job: Job): Promise<Written<Job>> {
    return this.#write(
      "saveJob",
      () => this.#parts.store.saveJob(job),
      (done) => this.#wroteJob(done),
    );
  }

  readJob(key: JobKey, profile?: string | null): Promise<Job | undefined> {
    return this.#do("readJob", async () => {
      const job = await this.#parts.store.readJob(key, profile);
      return profile === undefined && job !== undefined && !this.#parts.lag.showsJob(key) ? undefined : job;
    });
  }

  dropJob(job: Job): Promise<boolean> {
    return this.#do("dropJob", async () => {
      const gone = await this.#parts.store.dropJob(job);
      if (gone) this.#parts.watch.droppedJob(job);
      return gone;
    });
  }

  listJobs(query: JobQuery) {
    return this.#do("listJobs", () => this.#parts.store.listJobs(query));
  }

  findJobs(prefix: string, limit: number) {
    return this.#do("findJobs", async () => {
      const found = await this.#parts.store.findJobs(prefix, limit);
      return found.filter(({ key }) => this.#parts.lag.showsJob(key));
    });
  }

  createRunner(runner: Runner): Promise<Written<Runner>> {
    return this.#write(
      "createRunner",
      () => this.#parts.store.createRunner(runner),
      (done) => this.#wroteRunner(done),
    );
  }

  saveRunner(runner: Runner): Promise<Written<Runner>> {
    return this.#write(
      "saveRunner",
      () => this.#parts.store.saveRunner(runner),
      (done) => this.#wroteRunner(done),
    );
  }

  readRunner(profile: string, id: string) {
    return this.#do("readRunner", () => this.#parts.store.readRunner(profile, id));
  }

  readProfile(profile: string) {
    return this.#do("readProfile", () => this.#parts.store.readProfile(profile));
  }

  readPlanner(profile: string) {
    return this.#do("readPlanner", () => this.#parts.store.readPlanner(profile));
  }

  savePlanner(record: PlannerRecord): Promise<Written<PlannerRecord>> {
    return this.#write(
      "savePlanner",
      () => this.#parts.store.savePlanner(record),
      (done) => this.#parts.watch.wrotePlanner(done),
    );
  }

  listProfiles() {
    return this.#do("listProfiles", () => this.#parts.store.listProfiles());
  }

  readUnrouted() {
    return this.#do("readUnrouted", () => this.#parts.store.readUnrouted());
  }

  readFleet() {
    return this.#do("readFleet", () => this.#parts.store.readFleet());
  }

  saveFleet(record: FleetRecord): Promise<Written<FleetRecord>> {
    return this.#write(
      "saveFleet",
      () => this.#parts.store.saveFleet(record),
      (done) => this.#parts.watch.wroteFleet(done),
    );
  }

  saveEnrolment(runner: string, enrolment: Enrolment, expiresAt: Instant) {
    return this.#do("saveEnrolment", () => this.#parts.store.saveEnrolment(runner, enrolment, expiresAt));
  }

  readEnrolment(runner: string) {
    return this.#do("readEnrolment", () => this.#parts.store.readEnrolment(runner));
  }

  dropEnrolment(runner: string) {
    return this.#do("dropEnrolment", () => this.#parts.store.dropEnrolment(runner));
  }

  remember(name: string, value: string, expiresAt: Instant) {
    return this.#do("remember", () => this.#parts.store.remember(name, value, expiresAt));
  }

  readNote(name: string) {
    return this.#do("readNote", () => this.#parts.store.readNote(name));
  }

  saveNote(note: Note): Promise<Written<Note>> {
    return this.#write(
      "saveNote",
      () => this.#parts.store.saveNote(note),
      () => undefined,
    );
  }

  due(now: Instant, limit: number): Promise<readonly DueItem[]> {
    return this.#do("due", async () => this.#parts.lag.due(await this.#parts.store.due(now, limit), now));
  }

  purge(before: Instant, limit: number) {
    return this.#do("purge", () => this.#parts.store.purge(before, limit));
  }

  #wroteJob(job: Job): void {
    this.#parts.lag.noteJob(job);
    this.#parts.watch.wroteJob(job);
  }

  #wroteRunner(runner: Runner): void {
    this.#parts.lag.noteRunner(runner);
    this.#parts.watch.wroteRunner(runner);
  }

  #do<T>(what: string, effect: () => Promise<T>): Promise<T> {
    const { dice, costs } = this.#parts;
    if (directWrites.has(what)) costs.add("ledger writes");
    return this.#strand.call({ what: `ledger.${what}`, ms: dice.between(2, 12, "ledger") }, () => {
      if (dice.strikes("ledger-error", this.#strand.hit)) throw new Error("the ledger does not answer");
      return effect();
    });
  }

  #write<T>(what: string, save: () => Promise<Written<T>>, note: (record: T) => void): Promise<Written<T>> {
    return this.#do(what, async () => {
      const outcome = await save();
      this.#parts.costs.add("ledger writes");
      if (!outcome.written) return outcome;
      note(outcome.record);
      // The client library sends it again when no answer comes, and its own first write refuses the second.
      return this.#parts.dice.strikes("ledger-lost-answer", this.#strand.hit)
        ? { written: false, current: outcome.record }
        : outcome;
    });
  }
}
