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
    if (agent.asked !== "stay") return void (await finish(agent, 0, { exitCode: 0, reason: null }));
    await agent.heard(5 * second);
    told = await agent.report({ attempt: 0, events: [] });
  }
}

async function run(agent: SimAgent, assignment: Assignment): Promise<void> {
  const { watch } = agent.parts;
  const { job, name, attempt } = assignment;
  agent.keepInTouch(attempt);
  const begun = await agent.report({ attempt, events: [{ type: "started", at: agent.at() }] });
  if (begun.kind === "over") return;
  agent.begins(job);
  watch.commandBegan(name, agent.runner);
  // A machine that is taken away ends whatever ran on it.
  agent.strand.onDeath(() => watch.commandEnded(name, agent.runner));
  const exitCode = await runCommand(agent, name);
  agent.ends();
  watch.commandEnded(name, agent.runner);
  if (agent.asked === "over") return;
  const ending = exitCode === null ? cancelled : { exitCode, reason: null };
  watch.commandTells(name, exitCode);
  const told = await finish(agent, attempt, ending);
  if (exitCode === 0 && told.kind === "orders") watch.commandSucceeded(name);
}

const cancelled = { exitCode: null, reason: "cancelled-by-user" } as const;

/** `null`: it was stopped. */
async function runCommand(agent: SimAgent, name: string): Promise<number | null> {
  const { kernel, commandOf } = agent.parts;
  const { ms, exitCode } = commandOf(name);
  const endsAt = kernel.now() + ms;
  while (kernel.now() < endsAt && !agent.cancelled && agent.asked !== "over")
    await agent.heard(Math.min(endsAt - kernel.now(), 60 * second));
  return agent.cancelled ? null : exitCode;
}

function finish(
  agent: SimAgent,
  attempt: number,
  ending: { readonly exitCode: number | null; readonly reason: "cancelled-by-user" | null },
): Promise<Told> {
  const event: AgentEvent = { type: "finished", at: agent.at(), signal: null, detail: null, ...ending };
  return agent.report({ attempt, events: [event] });
}
