/**
 * Looks for jobs nobody told us about, and for moves of jobs we missed. Everything is asked conditionally: where nothing
 * changed the answer is 304, which costs nothing of the primary limit.
 */
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { JobEvent } from "../../core/events";
import { isUnderWay } from "../../core/lifecycle";
import type { Job } from "../../core/model";
import type { GithubClient } from "./client";
import type { Connection } from "./connection";
import { inParallel } from "./in-parallel";
import { newsOfJob } from "./job-state";
import type { Repositories, Repository } from "./repositories";
import type { RunNews, RunPlace } from "./run-jobs";
import { newsOfRun, openRunsOf } from "./run-jobs";
import { hostOf } from "./urls";

export interface JobSearchOptions {
  readonly connection: Connection;
  readonly client: GithubClient;
  readonly repositories: Repositories;
}

export type JobSearch = (known: readonly Job[]) => Promise<readonly JobEvent[]>;

const mostAtOnce = 6;
/** How long GitHub may take to find everywhere what it has told of. */
const newMs = 10 * 60_000;

export function openJobSearch({ connection, client, repositories }: JobSearchOptions): JobSearch {
  // Where a search was cut off the next one begins, so that no repository is left out for ever.
  let start = 0;

  return async (open) => {
    // A source can be pointed at another server: what it was told by the former one means nothing there.
    const known = open.filter(({ host }) => host === hostOf(connection.settings.url));
    const all = await repositories.ofInterest(known);
    const offset = start < all.length ? start : 0;
    start = 0;
    const order = [...all.slice(offset), ...all.slice(0, offset)];
    const about: RunNews = { client, source: connection.settings, known: new Map(known.map((job) => [job.id, job])) };
    const search = new Search(connection, about);
    await inParallel(order, mostAtOnce, async (repository, index) => {
      const goesOn = await search.attempt({ repository: repository.name }, () => search.repository(repository));
      if (!goesOn) start = (offset + index) % all.length;
      return goesOn;
    });
    if (!search.isCutOff) await search.missedMoves();
    const events = search.result();
    for (const { facts } of events) if (facts.origin !== null) repositories.note(facts.origin.repository);
    return events;
  };
}

/** One pass: what it found, what it saw, what failed. */
class Search {
  isCutOff = false;
  private readonly connection: Connection;
  private readonly about: RunNews;
  private readonly events: JobEvent[] = [];
  private readonly listed = new Set<string>();
  private readonly failures: unknown[] = [];
  /** Repositories that could be looked through. */
  private readonly searched = new Set<string>();
  /** Of `searched` ones, as `repository/run`. */
  private readonly goneRuns = new Set<string>();

  constructor(connection: Connection, about: RunNews) {
    this.connection = connection;
    this.about = about;
  }

  async repository({ name: repository, scope }: Repository): Promise<void> {
    const runs = await openRunsOf(this.about.client, scope, repository);
    await inParallel(runs, mostAtOnce, async ({ id: run, fork }) => {
      await this.run({ scope, repository, fork, run });
      return true;
    });
    this.searched.add(repository);
  }

  /** Of open jobs whose run is not open there any more: its jobs, once per run; what they do not name, by itself. */
  async missedMoves(): Promise<void> {
    const missed = this.unlisted();
    const runs = new Map(missed.map((job) => [runOf(job), job]));
    await inParallel([...runs.values()], mostAtOnce, ({ scope, origin, key }) =>
      this.attempt({ job: key }, async () => {
        if (origin !== null) await this.run({ scope, ...origin });
      }),
    );
    if (this.isCutOff) return;
    await inParallel(this.unlisted(), mostAtOnce, (job) =>
      this.attempt({ job: job.key }, async () => {
        const { client, source } = this.about;
        const event = await newsOfJob(client, { known: job, source, background: true, isGone: this.mustBeGone(job) });
        if (event !== undefined) this.events.push(event);
      }),
    );
  }

  private unlisted(): readonly Job[] {
    return [...this.about.known.values()].filter(({ id, origin }) => origin !== null && !this.listed.has(id));
  }

  private async run(place: RunPlace): Promise<void> {
    const { events, listed } = await newsOfRun(place, this.about);
    this.events.push(...events);
    if (listed === null) this.goneRuns.add(`${place.repository}/${place.run}`);
    else for (const id of listed) this.listed.add(id);
  }

  /**
   * When GitHub does not find it: 404 says as well that we may not see its repository, or that it is too new. One that
   * runs is left to its machine.
   */
  private mustBeGone(job: Job): boolean {
    const isOld = this.connection.clock.now() - job.queuedAt >= newMs;
    const isSeen = this.searched.has(job.origin?.repository ?? "") && this.goneRuns.has(runOf(job));
    return isOld && isSeen && !isUnderWay(job);
  }

  /** `false`: GitHub is away or wants us to slow down, so there is no use in going on. */
  async attempt(ids: Readonly<Record<string, string>>, task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      this.failures.push(error);
      this.connection.log.warn("jobs not looked for", { ...ids, error: errorText(error) });
      if (!(error instanceof OnejobError && error.entry.retry)) return true;
      this.isCutOff = true;
      return false;
    }
  }

  /** What was found is worth having; only when there is nothing else a failure is thrown. */
  result(): readonly JobEvent[] {
    const isNothing = this.events.length === 0 && (this.isCutOff || this.searched.size === 0);
    if (isNothing && this.failures.length > 0) throw this.failures[0] as Error;
    return this.events;
  }
}

function runOf({ origin }: Job): string {
  return `${origin?.repository}/${origin?.run}`;
}
