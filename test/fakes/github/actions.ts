/** The life of runs and jobs: queued, held for approval, taken, ended, cancelled, run again. Each step is told. */
import type { Account, Conclusion, Job, Repository, Run, Runner, Step } from "./model";
import { isoTime } from "./payloads/account";
import { runStatus } from "./payloads/run";
import { Refusal } from "./reply";
import type { Webhooks } from "./webhooks";
import type { World } from "./world";
import { latestJobs } from "./world";

export interface JobSpec {
  /** @default "job-1", "job-2", … */
  readonly name?: string;
  /** @default ["self-hosted"] */
  readonly labels?: readonly string[];
  /** Shell script. @default "true" */
  readonly script?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Name of a runner group (`runs-on: {group}`). */
  readonly group?: string;
  /** Name of an environment whose approval the job has to wait for. */
  readonly environment?: string;
  /** Runs on GitHub's own machines. */
  readonly hosted?: boolean;
}

export interface RunSpec {
  readonly jobs: readonly JobSpec[];
  /** @default "push", or "pull_request" with `fork` */
  readonly event?: string;
  /** `owner/name` of the fork whose pull request it is; made when it is not known. */
  readonly fork?: string;
  readonly workflow?: string;
  readonly headBranch?: string;
}

export interface Trigger {
  readonly repository: Repository;
  /** Another one for a pull request from a fork. */
  readonly head: Repository;
  readonly actor: Account;
  readonly spec: RunSpec;
}

export interface ActionsEvents {
  /** There may be something to assign. */
  readonly changed: () => void;
  /** A job that has a runner shall stop. */
  readonly cancelled: (job: Job, runner: Runner | undefined) => void;
}

export class Actions {
  private readonly world: World;
  private readonly webhooks: Webhooks;
  private readonly events: ActionsEvents;

  constructor(world: World, webhooks: Webhooks, events: ActionsEvents) {
    this.world = world;
    this.webhooks = webhooks;
    this.events = events;
  }

  queueRun({ repository, head, actor, spec }: Trigger): Run {
    const now = this.world.now();
    const run: Run = {
      id: this.world.ids.number("run"),
      repository,
      headRepository: head,
      actor,
      workflow: spec.workflow ?? "CI",
      workflowId: 159_038,
      runNumber: this.world.runsOf(repository).length + 1,
      event: spec.event ?? (head === repository ? "push" : "pull_request"),
      headBranch: spec.headBranch ?? "main",
      headSha: this.world.ids.hex(40),
      attempt: 1,
      createdAt: now,
      updatedAt: now,
      startedAt: now,
      jobs: [],
      told: "requested",
    };
    this.world.runs.set(run.id, run);
    for (const [index, job] of spec.jobs.entries()) this.addJob(run, { name: `job-${index + 1}`, ...job });
    this.webhooks.run(run, "requested");
    for (const job of run.jobs) this.announce(job);
    this.events.changed();
    return run;
  }

  /** Of a job that waits for an environment. */
  approve(job: Job): void {
    if (job.status !== "waiting") throw new Error(`job ${job.id} does not wait for an approval`);
    job.status = "queued";
    this.touch(job.run);
    this.webhooks.job(job, "queued");
    this.events.changed();
  }

  start(job: Job, runner: Pick<Runner, "id" | "name" | "groupId">, groupName: string): void {
    const now = this.world.now();
    job.status = "in_progress";
    job.startedAt = now;
    job.takenBy = { id: runner.id, name: runner.name, groupId: runner.groupId, groupName };
    job.steps = [stepOf({ name: "Set up job", number: 1, at: now, conclusion: null })];
    this.touch(job.run);
    this.webhooks.job(job, "in_progress");
    if (job.run.told === "requested") this.webhooks.run(job.run, "in_progress");
  }

  finish(job: Job, conclusion: Conclusion): void {
    if (job.status === "completed") return;
    const now = this.world.now();
    const began = job.startedAt ?? now;
    const names = ["Set up job", "Run the script", "Complete job"];
    job.steps =
      job.takenBy === null
        ? []
        : names.map((name, index) =>
            stepOf({ name, number: index + 1, at: began, conclusion: index === 1 ? conclusion : "success", end: now }),
          );
    job.status = "completed";
    job.conclusion = conclusion;
    job.completedAt = now;
    job.assignedTo = null;
    this.touch(job.run);
    this.webhooks.job(job, "completed");
    if (runStatus(job.run) === "completed") this.webhooks.run(job.run, "completed");
  }

  cancelRun(run: Run): void {
    if (runStatus(run) === "completed") throw new Refusal(409, "Cannot cancel a workflow run that is completed.");
    for (const job of latestJobs(run)) this.cancelJob(job);
    this.events.changed();
  }

  /** A queued job ends at once, a running one when its runner says so. */
  cancelJob(job: Job): void {
    if (job.status === "completed") return;
    const holder = [...this.world.runners.values()].find((runner) => runner.job === job);
    job.cancelAsked = true;
    if (job.status !== "in_progress") this.finish(job, "cancelled");
    this.events.cancelled(job, holder);
  }

  /** As the run's next attempt, into which its other jobs are carried as they ended: under new ids, told to nobody. */
  rerun(job: Job): Job {
    const { run } = job;
    if (runStatus(run) !== "completed") {
      throw new Refusal(403, "The workflow run containing this job is already running");
    }
    const before = latestJobs(run);
    if (!before.includes(job)) throw new Refusal(403, "This job is not of the last attempt of its workflow run");
    run.attempt += 1;
    run.startedAt = this.world.now();
    const { name, labels, script, env, group, environment, hosted } = job;
    const more = { ...(group === null ? {} : { group }), ...(environment === null ? {} : { environment }) };
    const again = this.addJob(run, { name, labels, script, env, hosted, ...more });
    for (const other of before) if (other !== job) this.carry(other);
    this.touch(run);
    this.webhooks.run(run, "requested");
    this.announce(again);
    this.events.changed();
    return again;
  }

  private addJob(run: Run, spec: JobSpec & { readonly name: string }): Job {
    const job: Job = {
      id: this.world.ids.number("job"),
      run,
      name: spec.name,
      labels: spec.labels ?? ["self-hosted"],
      group: spec.group ?? null,
      attempt: run.attempt,
      script: spec.script ?? "true",
      env: spec.env ?? {},
      environment: spec.environment ?? null,
      hosted: spec.hosted ?? false,
      status: spec.environment === undefined ? "queued" : "waiting",
      conclusion: null,
      takenBy: null,
      createdAt: this.world.now(),
      startedAt: null,
      completedAt: null,
      steps: [],
      assignedTo: null,
      cancelAsked: false,
    };
    return this.keep(job);
  }

  private carry(job: Job): void {
    this.keep({ ...job, id: this.world.ids.number("job"), attempt: job.run.attempt, createdAt: this.world.now() });
  }

  private keep(job: Job): Job {
    job.run.jobs.push(job);
    this.world.jobs.set(job.id, job);
    return job;
  }

  private announce(job: Job): void {
    // Before an approval GitHub tells "queued" as well (with the state "waiting" inside), then "waiting".
    this.webhooks.job(job, "queued", { atGate: job.status === "waiting" });
    if (job.status === "waiting") this.webhooks.job(job, "waiting");
    else if (job.hosted) {
      this.start(job, { id: 5, name: "GitHub Actions 5", groupId: 0 }, "GitHub Actions");
      this.finish(job, "success");
    }
  }

  private touch(run: Run): void {
    run.updatedAt = this.world.now();
    this.world.moved();
  }
}

interface StepFacts {
  readonly name: string;
  readonly number: number;
  readonly at: number;
  readonly conclusion: Conclusion | null;
  readonly end?: number;
}

function stepOf({ name, number, at, conclusion, end }: StepFacts): Step {
  return {
    name,
    status: end === undefined ? "in_progress" : "completed",
    conclusion,
    number,
    started_at: isoTime(at),
    completed_at: end === undefined ? null : isoTime(end),
  };
}
