/** The listeners that are connected: their mail, their signs of life, and what happens when these stop. */
import type { Actions } from "./actions";
import type { Conclusion, Job, Runner } from "./model";
import { Refusal } from "./reply";
import { changeRunner } from "./runners";
import type { Scheduler } from "./scheduler";
import type { World } from "./world";

export type Message = { readonly type: "job" | "cancel"; readonly job: number } | { readonly type: "revoked" };

/** What a test makes every listener meet that connects from now on. */
export type ListenerFault = "deprecated" | "terminated" | undefined;

export interface Session {
  readonly id: string;
  readonly runner: Runner;
  readonly mail: Message[];
  /** The poll that is held open. */
  waiting: ((message: Message | null) => void) | null;
  /** Calls off the watch on its silence. */
  unwatch: () => void;
}

export class Sessions {
  fault: ListenerFault;
  private readonly world: World;
  private readonly open = new Map<string, Session>();
  private parts: { readonly actions: Actions; readonly scheduler: Scheduler } | undefined;

  constructor(world: World) {
    this.world = world;
  }

  /** The three know each other, so this comes after their making. */
  join(parts: { readonly actions: Actions; readonly scheduler: Scheduler }): void {
    this.parts = parts;
  }

  /** A JIT configuration connects once, and only once. */
  connect({ secret, version }: { readonly secret: string; readonly version: string }): Session {
    const runner = [...this.world.runners.values()].find((one) => one.secret === secret);
    if (runner === undefined) throw new Refusal(404, "The runner registration has been deleted from the server");
    if (this.fault === "terminated") throw new Refusal(400, "The runner was told not to start");
    const connected = [...this.open.values()].some((session) => session.runner === runner);
    if (connected || (runner.jit && runner.used)) throw new Refusal(409, "A session for this runner already exists.");
    runner.used = true;
    runner.version = version;
    runner.os = "linux";
    const session: Session = { id: this.world.ids.guid(), runner, mail: [], waiting: null, unwatch: () => undefined };
    this.open.set(session.id, session);
    changeRunner(this.world, { runner, to: { online: !this.isDeprecated(version) } });
    this.watch(session);
    this.parts?.scheduler.run();
    return session;
  }

  /** The next message, or `null` after a while. `onClose` registers what to do when the asker goes away. */
  poll(id: string, onClose: (gone: () => void) => void): Promise<Message | null> {
    const session = this.session(id);
    if (this.isDeprecated(session.runner.version ?? "0")) {
      throw new Refusal(
        403,
        `Runner version v${session.runner.version ?? "0"} is deprecated and cannot receive messages.`,
      );
    }
    session.waiting?.(null);
    session.unwatch();
    this.revive(session.runner);
    const next = session.mail.shift();
    if (next !== undefined) {
      this.watch(session);
      return Promise.resolve(next);
    }
    return new Promise((resolve) => {
      const end = (message: Message | null) => {
        if (session.waiting !== end) return;
        session.waiting = null;
        stop();
        this.watch(session);
        resolve(message);
      };
      const stop = this.world.options.time.after(this.world.options.pollMs, () => end(null));
      session.waiting = end;
      onClose(() => end(null));
    });
  }

  /** Throws 409 when the job is no longer this runner's to take. */
  acquire(id: string, jobId: number): Job {
    const { runner } = this.session(id);
    const job = this.world.jobs.get(jobId);
    if (job === undefined || job.assignedTo !== runner || job.status !== "queued") {
      throw new Refusal(409, "Job is already acquired or gone");
    }
    this.parts?.scheduler.settle(job);
    this.parts?.actions.start(job, runner, this.world.groupName(runner));
    return job;
  }

  /** The end of a job, as its runner tells it. */
  finish(id: string, { jobId, conclusion }: { readonly jobId: number; readonly conclusion: Conclusion }): void {
    const session = this.session(id);
    const job = this.world.jobs.get(jobId);
    if (job === undefined || session.runner.job !== job || job.status !== "in_progress") {
      throw new Refusal(404, "The job is not this runner's");
    }
    this.end(session.runner, { job, conclusion });
  }

  disconnect(id: string): void {
    const session = this.open.get(id);
    if (session === undefined) return;
    this.close(session);
    const { job } = session.runner;
    if (job?.status === "in_progress") this.loseRunning(session.runner, job);
    else if (job !== null) this.giveBack(session.runner, job);
  }

  /** Puts a message in a runner's mail; a runner that is not connected misses it. */
  tell(runner: Runner, message: Message): void {
    const session = [...this.open.values()].find((one) => one.runner === runner);
    if (session === undefined) return;
    if (session.waiting !== null) session.waiting(message);
    else session.mail.push(message);
  }

  /** A job was cancelled: its runner is told, or freed when it had not fetched it. */
  cancelled(job: Job, runner: Runner | undefined): void {
    if (runner === undefined) return;
    if (job.status !== "completed") return this.tell(runner, { type: "cancel", job: job.id });
    this.parts?.scheduler.settle(job);
    changeRunner(this.world, { runner, to: { job: null } });
    this.takeBack(runner, job);
  }

  /** Takes a job out of the mail of a runner that has not fetched it. */
  takeBack(runner: Runner, job: Job): void {
    for (const { mail, runner: owner } of this.open.values()) {
      if (owner === runner) mail.splice(0, mail.length, ...mail.filter((one) => !concerns(one, job)));
    }
  }

  /** Ends a registration. Its listener is signed out. */
  remove(runner: Runner): void {
    this.world.runners.delete(runner.id);
    this.tell(runner, { type: "revoked" });
    for (const session of this.open.values()) if (session.runner === runner) this.close(session);
  }

  closeAll(): void {
    for (const session of this.open.values()) {
      session.unwatch();
      session.waiting?.(null);
    }
    this.open.clear();
  }

  private revive(runner: Runner): void {
    if (runner.online) return;
    changeRunner(this.world, { runner, to: { online: true } });
    this.parts?.scheduler.run();
  }

  private session(id: string): Session {
    const session = this.open.get(id);
    if (session === undefined) throw new Refusal(401, "The session is not valid");
    return session;
  }

  private close(session: Session): void {
    session.unwatch();
    this.open.delete(session.id);
    session.waiting?.(null);
    session.unwatch();
    changeRunner(this.world, { runner: session.runner, to: { online: false } });
  }

  private isDeprecated(version: string): boolean {
    if (this.fault === "deprecated") return true;
    const { minimumRunnerVersion } = this.world.options;
    if (minimumRunnerVersion === undefined) return false;
    return version.localeCompare(minimumRunnerVersion, "en", { numeric: true }) < 0;
  }

  /** Silence makes it offline, and fails its job later. The next sign of life calls both off. */
  private watch(session: Session): void {
    const { time, offlineAfterMs } = this.world.options;
    const { runner } = session;
    session.unwatch();
    session.unwatch = time.after(offlineAfterMs, () => {
      changeRunner(this.world, { runner, to: { online: false } });
      if (runner.job?.status === "in_progress") session.unwatch = this.loseRunning(runner, runner.job);
    });
  }

  private loseRunning(runner: Runner, job: Job): () => void {
    const { time, lostRunnerMs } = this.world.options;
    return time.after(lostRunnerMs, () => {
      if (runner.job === job) this.end(runner, { job, conclusion: job.cancelAsked ? "cancelled" : "failure" });
    });
  }

  private giveBack(runner: Runner, job: Job): void {
    this.parts?.scheduler.settle(job);
    changeRunner(this.world, { runner, to: { job: null } });
    this.parts?.scheduler.run();
  }

  private end(runner: Runner, { job, conclusion }: { readonly job: Job; readonly conclusion: Conclusion }): void {
    const { time, lingerMs } = this.world.options;
    changeRunner(this.world, { runner, to: { job: null, spent: runner.ephemeral } });
    if (runner.ephemeral && lingerMs === 0) this.world.runners.delete(runner.id);
    else if (runner.ephemeral) time.after(lingerMs, () => this.world.runners.delete(runner.id));
    this.parts?.actions.finish(job, conclusion);
    this.parts?.scheduler.run();
  }
}

function concerns(message: Message, job: Job): boolean {
  return message.type !== "revoked" && message.job === job.id;
}
