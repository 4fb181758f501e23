/**
 * The meter of a local server, in the text format of Prometheus (INTERFACE, METRICS).
 *
 * `onejob_jobs` shows the jobs that have not ended as the ledger holds them at the scrape; in a final state, how many
 * ended so since this server started. `onejob_runners` and `onejob_queue_depth` are read at the scrape.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { isFinal } from "../../core/lifecycle";
import { jobStates } from "../../core/model";
import type { CounterName, HistogramName, Log, Meter } from "../../core/ports";
import type { Changes } from "./changes";
import type { LiveCounts } from "../http/live-counts";

export interface PrometheusMeter extends Meter {
  readonly contentType: string;
  /** Everything, as a scrape wants it. A source that cannot be read at the moment leaves its gauges out. */
  text(): Promise<string>;
  /** Jobs that ended since the start, by state. */
  ended(): Readonly<Record<string, number>>;
}

export interface MeterSources {
  /** Asked at every scrape. */
  readonly live: () => Promise<LiveCounts>;
  readonly queueDepth: () => Promise<number>;
  readonly changes: Pick<Changes, "subscribe">;
  readonly log: Pick<Log, "warn">;
}

const counters = {
  onejob_launches_total: { help: "Machines asked for, by what became of the request.", labelNames: ["outcome"] },
  onejob_sweep_repairs_total: { help: "Things the sweep found out of step and repaired.", labelNames: ["kind"] },
  onejob_webhooks_total: { help: "Webhooks received.", labelNames: ["source", "outcome"] },
} as const satisfies Record<CounterName, MetricFacts>;

const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3_600, 21_600];
const histograms = {
  onejob_queue_to_start_seconds: { help: "From queued to started, of jobs that ended.", labelNames: [] },
  onejob_stage_seconds: { help: "How long each stage of ended jobs took.", labelNames: ["stage"] },
} as const satisfies Record<HistogramName, MetricFacts>;

interface MetricFacts {
  readonly help: string;
  readonly labelNames: readonly string[];
}

export function prometheusMeter(sources: MeterSources): PrometheusMeter {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counted = mapValues(counters, (facts, name) => new Counter({ name, ...facts, registers }));
  const observed = mapValues(histograms, (facts, name) => new Histogram({ name, ...facts, buckets, registers }));
  const bounded = boundedLabels();
  const ended = endedJobs(sources.changes);
  const refresh = gauges(registry, sources, ended);
  return {
    contentType: registry.contentType,
    ended: () => byState(ended.values()),
    count(name, labels, by = 1) {
      counted[name].inc(bounded(name, labels, counters[name].labelNames), by);
    },
    observe(name, seconds, labels = {}) {
      observed[name].observe(bounded(name, labels, histograms[name].labelNames), seconds);
    },
    async text() {
      await refresh();
      return registry.metrics();
    },
  };
}

interface Ended {
  readonly state: string;
  readonly reason: string;
  count: number;
}

/** Fed by changes: a final state is written once, and listed by no query that stays cheap. */
function endedJobs(changes: MeterSources["changes"]): ReadonlyMap<string, Ended> {
  const ended = new Map<string, Ended>();
  const add = (state: string, reason: string, by: number): void => {
    const key = `${state}/${reason}`;
    const entry = ended.get(key) ?? { state, reason, count: 0 };
    entry.count += by;
    ended.set(key, entry);
  };
  for (const state of jobStates) if (isFinal(state)) add(state, "", 0);
  changes.subscribe((change) => {
    if (change.kind === "job" && isFinal(change.job.state)) add(change.job.state, change.job.reason ?? "", 1);
  });
  return ended;
}

function byState(ended: Iterable<Ended>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { state, count } of ended) sums[state] = (sums[state] ?? 0) + count;
  return sums;
}

function gauges(registry: Registry, sources: MeterSources, ended: ReadonlyMap<string, Ended>): () => Promise<void> {
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const jobs = gauge("onejob_jobs", "Jobs not ended, and in final states those ended since the start.", [
    "state",
    "reason",
  ]);
  const runners = gauge("onejob_runners", "Runners that are not gone.", ["profile", "state"]);
  const depth = gauge("onejob_queue_depth", "Messages of the server to itself that are stored and not done.");
  return async () => {
    const [live, messages] = await Promise.all([
      sources
        .live()
        .catch((error: unknown) => void sources.log.warn("jobs and runners could not be counted", { error })),
      sources
        .queueDepth()
        .catch((error: unknown) => void sources.log.warn("the queue could not be counted", { error })),
    ]);
    // All at once, after the waiting: two scrapes at one time must not mix.
    for (const metric of [jobs, runners, depth]) metric.reset();
    for (const { state, reason, count } of live?.jobs ?? []) jobs.set({ state, reason }, count);
    for (const { profile, state, count } of live?.runners ?? []) runners.set({ profile, state }, count);
    for (const { state, reason, count } of ended.values()) jobs.set({ state, reason }, count);
    if (messages === undefined) depth.remove();
    else depth.set(messages);
  };
}

const valuesPerLabel = 200;
const valueLength = 64;

/** Whatever is counted, a label takes a bounded number of values; what exceeds them is counted as `other`. */
function boundedLabels() {
  const known = new Map<string, Set<string>>();
  return (
    metric: string,
    labels: Readonly<Record<string, string>>,
    names: readonly string[],
  ): Record<string, string> => {
    const pairs = names.map((name) => {
      const value = (labels[name] ?? "").slice(0, valueLength);
      const key = `${metric}/${name}`;
      const values = known.get(key) ?? new Set<string>();
      known.set(key, values);
      if (values.size < valuesPerLabel) values.add(value);
      return [name, values.has(value) ? value : "other"];
    });
    return Object.fromEntries(pairs) as Record<string, string>;
  };
}

function mapValues<K extends string, V, R>(record: Readonly<Record<K, V>>, map: (value: V, key: K) => R): Record<K, R> {
  const entries = (Object.keys(record) as K[]).map((key) => [key, map(record[key], key)]);
  return Object.fromEntries(entries) as Record<K, R>;
}
