/** What an agent does for a forge: its listener waits there for one job, runs it, and ends. */
import { runnerName } from "../../runtime/core/model";
import type { ForgeJob } from "./forge-truth";
import type { SimAgent } from "./sim-machine";

const second = 1_000;
const notFromUs = { signal: null, reason: null, detail: null } as const;

type Ending = { readonly exitCode: number; readonly reason: "boot-failing" | null; readonly detail: string | null };

export async function serveForge(agent: SimAgent, credential: string): Promise<void> {
  const { dice, forge } = agent.parts;
  agent.keepInTouch(0);
  await agent.strand.sleep(dice.between(1, 8, "listener") * second);
  const listener = new SimListener(agent);
  const accepted = forge.listens(agent.runner, credential, listener);
  const ending = accepted ? await listen(agent, listener) : refused;
  forge.leaves(agent.runner);
  await agent.report({ attempt: 0, events: [{ type: "finished", at: agent.at(), ...notFromUs, ...ending }] });
}

const refused: Ending = { exitCode: 1, reason: "boot-failing", detail: "its credential was refused" };

async function listen(agent: SimAgent, listener: SimListener): Promise<Ending> {
  void agent.report({ attempt: 0, events: [{ type: "listening", at: agent.at() }] });
  for (;;) {
    await agent.heard(30 * second);
    if (listener.job !== undefined) return runJob(agent, listener, listener.job);
    if (listener.isDropped || agent.asked !== "stay" || agent.isLeaving) {
      listener.close();
      return { exitCode: 0, reason: null, detail: null };
    }
  }
}

async function runJob(agent: SimAgent, listener: SimListener, job: ForgeJob): Promise<Ending> {
  const { forge, kernel } = agent.parts;
  agent.begins(job.id);
  void agent.report({ attempt: 0, events: [{ type: "started", at: agent.at() }] });
  const endsAt = kernel.now() + job.durationMs;
  while (kernel.now() < endsAt && !listener.isCancelled && agent.asked !== "over" && !agent.mustStop)
    await agent.heard(Math.min(endsAt - kernel.now(), 60 * second));
  agent.ends();
  // What is killed here the forge hears nothing more of.
  if (listener.isCancelled) forge.end(job, "cancelled");
  else if (agent.asked !== "over") forge.end(job, kernel.now() < endsAt ? stoppedAs(agent) : endOf(job));
  return { exitCode: 0, reason: null, detail: null };
}

function endOf({ fails }: ForgeJob): "success" | "failure" {
  return fails ? "failure" : "success";
}

/** A listener that is stopped may say either. */
function stoppedAs({ parts }: SimAgent): "failure" | "cancelled" {
  return parts.dice.fraction("stopped") < 0.5 ? "failure" : "cancelled";
}

class SimListener {
  job: ForgeJob | undefined;
  isCancelled = false;
  isDropped = false;
  readonly #agent: SimAgent;
  #closed = false;
  #isAlone = false;
  #began = 0;

  constructor(agent: SimAgent) {
    this.#agent = agent;
    agent.goesOn = () => this.#goOnAlone();
  }

  take(job: ForgeJob): boolean {
    const isDead = this.#agent.strand.dead && !this.#isAlone;
    if (this.#closed || this.job !== undefined || isDead) return false;
    this.job = job;
    this.#began = this.#agent.parts.kernel.now();
    if (this.#isAlone) {
      this.#agent.begins(job.id);
      this.#runAlone(job);
    } else this.#agent.wake();
    return true;
  }

  cancel(): void {
    this.isCancelled = true;
    this.#agent.ends();
    if (this.#isAlone && this.job !== undefined) this.#endAlone(this.job, "cancelled");
    else this.#agent.wake();
  }

  dropped(): void {
    this.isDropped = true;
    this.#agent.wake();
  }

  /** Takes nothing any more. */
  close(): void {
    this.#closed = true;
  }

  /** Nobody speaks for it from now on. */
  #goOnAlone(): void {
    this.#isAlone = true;
    if (this.job !== undefined) this.#runAlone(this.job);
  }

  #runAlone(job: ForgeJob): void {
    const { kernel } = this.#agent.parts;
    kernel.after(this.#began + job.durationMs - kernel.now(), () => this.#endAlone(job, endOf(job)));
  }

  #endAlone(job: ForgeJob, conclusion: "success" | "failure" | "cancelled"): void {
    const { forge } = this.#agent.parts;
    if (this.#closed || forge.runners.get(runnerName(this.#agent.runner))?.listener !== this) return;
    this.#closed = true;
    this.#agent.ends();
    forge.end(job, conclusion);
    forge.leaves(this.#agent.runner);
  }
}
