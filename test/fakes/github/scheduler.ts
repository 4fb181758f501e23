/**
 * Gives queued jobs to idle runners as GitHub does: any job to any runner that may take it, whoever was registered for
 * what. A runner that does not fetch its job in time loses it again.
 */
import type { Job, Runner } from "./model";
import { pick } from "./random";
import { changeRunner } from "./runners";
import type { World } from "./world";

export interface Mail {
  readonly deliver: (runner: Runner, job: Job) => void;
  readonly takeBack: (runner: Runner, job: Job) => void;
}

export class Scheduler {
  /** `true`: nothing is assigned, whatever is queued. */
  paused = false;
  private readonly world: World;
  private readonly timers = new Map<Job, () => void>();
  private readonly deliver: (runner: Runner, job: Job) => void;
  private readonly takeBack: (runner: Runner, job: Job) => void;

  /** `deliver` puts a job in the runner's mail; `takeBack` takes it out when it stayed there too long. */
  constructor(world: World, { deliver, takeBack }: Mail) {
    this.world = world;
    this.deliver = deliver;
    this.takeBack = takeBack;
  }

  run(): void {
    while (!this.paused) {
      const job = pick(this.assignable(), this.world.options.random);
      if (job === undefined) return;
      const runner = pick(this.candidates(job), this.world.options.random);
      if (runner === undefined) return;
      this.assign(job, runner);
    }
  }

  /** The runner fetched the job, or lost it. */
  settle(job: Job): void {
    this.timers.get(job)?.();
    this.timers.delete(job);
    job.assignedTo = null;
  }

  private assignable(): Job[] {
    const free = [...this.world.jobs.values()].filter((job) => job.status === "queued" && job.assignedTo === null);
    return free.filter((job) => this.candidates(job).length > 0);
  }

  private candidates(job: Job): Runner[] {
    return [...this.world.runners.values()].filter(
      (runner) => isIdle(runner) && mayTake(runner, { job, world: this.world }),
    );
  }

  private assign(job: Job, runner: Runner): void {
    job.assignedTo = runner;
    changeRunner(this.world, { runner, to: { job } });
    this.timers.set(
      job,
      this.world.options.time.after(this.world.options.pickUpMs, () => {
        this.settle(job);
        changeRunner(this.world, { runner, to: { job: null, online: false } });
        this.takeBack(runner, job);
        this.run();
      }),
    );
    this.deliver(runner, job);
  }
}

function isIdle(runner: Runner): boolean {
  return runner.online && runner.job === null && !runner.spent;
}

function mayTake(runner: Runner, { job, world }: { readonly job: Job; readonly world: World }): boolean {
  const { repository } = job.run;
  const has = runner.labels.map((label) => label.toLowerCase());
  if (!job.labels.every((label) => has.includes(label.toLowerCase()))) return false;
  if (job.group !== null && world.groupName(runner).toLowerCase() !== job.group.toLowerCase()) return false;
  if (runner.scope.kind === "repo") return runner.scope.repository === repository;
  if (runner.scope.account !== repository.owner) return false;
  const group = world.groupsOf(runner.scope.account).find(({ id }) => id === runner.groupId);
  if (group === undefined || (!repository.private && !group.allowsPublicRepositories)) return false;
  if (group.visibility === "selected") return group.repositories.has(repository.fullName.toLowerCase());
  return group.visibility === "all" || repository.private;
}
