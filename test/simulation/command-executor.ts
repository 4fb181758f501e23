/** What an agent does for a job of ours: asks for it, runs it, and says how it ended. */
import type { AgentEvent, Assignment } from "../../runtime/core/agent-protocol";
import type { SimAgent, Told } from "./sim-machine";

const second = 1_000;

export async function serveCommand(agent: SimAgent): Promise<void> {
  let told = await agent.report({ attempt: 0, events: [{ type: "listening", at: agent.at() }] });
  agent.keepInTouch(0);
  for (;;) {
    if (told.kind === "over") return;
    const { assignment } = told.orders;
    if (assignment !== null) return run(agent, assignment);
    // Nobody is told: its machine goes anyway.
    if (agent.isLeaving) return;
    if (agent.asked !== "stay") return void (await finish(agent, 0, { exitCode: 0, reason: null }));
    await agent.heard(5 * second);
    told = await agent.report({ attempt: 0, events: [] });
  }
}

async function run(agent: SimAgent, assignment: Assignment): Promise<void> {
  const { watch } = agent.parts;
  const { job, attempt } = assignment;
  agent.keepInTouch(attempt);
  if (!(await prepare(agent))) return;
  agent.begins(job);
  watch.commandBegan(job, agent.runner);
  // A machine that is taken away ends whatever ran on it.
  agent.strand.onDeath(() => watch.commandEnded(job, agent.runner));
  // It does not wait for the answer: its job's time runs from here.
  const begun = agent.report({ attempt, events: [{ type: "started", at: agent.at() }] });
  const ran = await runCommand(agent, assignment);
  agent.ends();
  watch.commandEnded(job, agent.runner);
  if (agent.asked === "over") return;
  watch.commandTells(job, ran.exitCode);
  // One word after the other.
  if ((await begun).kind === "over") return;
  const told = await finish(agent, attempt, ran);
  if (ran.exitCode === 0 && told.kind === "orders") watch.commandSucceeded(job);
}

/** Fetches what the job needs: it is this machine's already, and does not run yet. Answers whether it still is. */
async function prepare(agent: SimAgent): Promise<boolean> {
  await agent.strand.sleep(agent.parts.dice.between(0, 20, "prepare") * second);
  return agent.asked !== "over";
}

interface Ending {
  /** `null`: it was stopped. */
  readonly exitCode: number | null;
  readonly reason: "cancelled-by-user" | "job-timeout" | "interrupted" | null;
}

function stopped(reason: Ending["reason"]): Ending {
  return { exitCode: null, reason };
}

async function runCommand(agent: SimAgent, { name, timeoutMs }: Assignment): Promise<Ending> {
  const { kernel, commandOf } = agent.parts;
  const { ms, exitCode } = commandOf(name);
  const endsAt = kernel.now() + Math.min(ms, timeoutMs);
  while (kernel.now() < endsAt && !agent.cancelled && agent.asked !== "over" && !agent.mustStop)
    await agent.heard(Math.min(endsAt - kernel.now(), 60 * second));
  if (agent.cancelled) return stopped("cancelled-by-user");
  if (kernel.now() < endsAt) return stopped("interrupted");
  return ms > timeoutMs ? stopped("job-timeout") : { exitCode, reason: null };
}

function finish(agent: SimAgent, attempt: number, ending: Ending): Promise<Told> {
  const event: AgentEvent = { type: "finished", at: agent.at(), signal: null, detail: null, ...ending };
  return agent.report({ attempt, events: [event] });
}
