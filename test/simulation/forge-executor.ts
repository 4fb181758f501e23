/** What an agent does for a forge: its listener waits there for one job, runs it, and ends. */
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
    if (listener.isDropped || agent.asked !== "stay") {
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
  while (kernel.now() < endsAt && !listener.isCancelled && agent.asked !== "over")
    await agent.heard(Math.min(endsAt - kernel.now(), 60 * second));
  agent.ends();
  // What is killed here the forge hears nothing more of.
  if (agent.asked !== "over" || listener.isCancelled) forge.end(job, listener.isCancelled ? "cancelled" : "success");
  return { exitCode: 0, reason: null, detail: null };
}

class SimListener {
  job: ForgeJob | undefined;
  isCancelled = false;
  isDropped = false;
  readonly #agent: SimAgent;
  #closed = false;

  constructor(agent: SimAgent) {
    this.#agent = agent;
  }

  take(job: ForgeJob): boolean {
    if (this.#closed || this.job !== undefined || this.#agent.strand.dead) return false;
    this.job = job;
    this.#agent.wake();
    return true;
  }

  cancel(): void {
    this.isCancelled = true;
    this.#agent.ends();
    this.#agent.wake();
  }

  dropped(): void {
    this.isDropped = true;
    this.#agent.wake();
  }

  /** Takes nothing any more. */
  close(): void {
    this.#closed = true;
  }
}
