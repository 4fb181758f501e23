/** The control surface over HTTP, for tests whose parts run in other processes. */
import type { RunSpec } from "./actions";
import type { FakeGitHub } from "./fake-github";
import type { Job, Run, Runner } from "./model";
import type { Reply } from "./reply";
import { notFound } from "./reply";

type Body = Readonly<Record<string, unknown>>;

/** `POST /_fake/control/<name>` with a JSON object; what each takes stands at the method of the same name. */
export async function answerControl(
  fake: FakeGitHub,
  { name, body }: { readonly name: string; readonly body: Body },
): Promise<Reply> {
  const handler = name.startsWith(prefix) ? handlers[name.slice(prefix.length)] : undefined;
  if (handler === undefined) throw notFound();
  return { status: 200, body: await handler(fake, body) };
}

const prefix = "control/";

const handlers: Readonly<Record<string, (fake: FakeGitHub, body: Body) => unknown>> = {
  state: (fake) => ({
    jobs: fake.jobs.map(jobView),
    runs: fake.runs.map(runView),
    runners: fake.runners.map(runnerView),
  }),
  calls: (fake) => ({ calls: fake.calls.all }),
  "queue-run": (fake, { repository, jobs, ...spec }) =>
    runView(fake.queueRun(String(repository), { ...spec, jobs: jobs as RunSpec["jobs"] })),
  "queue-job": (fake, { repository, ...spec }) => jobView(fake.queueJob(String(repository), spec)),
  approve: (fake, { job }) => done(fake.approve(fake.job(Number(job)))),
  "cancel-run": (fake, { run }) => done(fake.cancelRun(runOf(fake, run))),
  "rerun-job": (fake, { job }) => jobView(fake.rerunJob(fake.job(Number(job)))),
  "pause-assignment": (fake) => done(fake.pauseAssignment()),
  "resume-assignment": (fake) => done(fake.resumeAssignment()),
  "delivery-faults": (fake, faults) => done((fake.deliveryFaults = faults)),
  inject: (fake, fault) => done(fake.inject(fault)),
  "clear-faults": (fake) => done(fake.clearFaults()),
  settled: async (fake) => done(await fake.settled()),
};

function done(_: unknown): Body {
  return {};
}

function runOf(fake: FakeGitHub, id: unknown): Run {
  const run = fake.runs.find((one) => one.id === id);
  if (run === undefined) throw notFound();
  return run;
}

function jobView({ id, name, run, status, conclusion, attempt, labels, takenBy }: Job): Body {
  return { id, name, run: run.id, repository: run.repository.fullName, status, conclusion, attempt, labels, takenBy };
}

function runView({ id, repository, attempt, jobs }: Run): Body {
  return { id, repository: repository.fullName, attempt, jobs: jobs.map(jobView) };
}

function runnerView({ id, name, labels, online, job, version }: Runner): Body {
  return { id, name, labels, online, job: job?.id ?? null, version };
}
