/** An agent as it speaks over HTTP, and the scenes it can be found in. */
import type { AgentOrders, Assignment, EnrolAnswer } from "../../../runtime/core/agent-protocol";
import { startWorld, type Answer, type Ask, type HttpWorld, type HttpWorldOptions } from "./http-world";

export const at = "2026-11-21T12:00:00.000Z";
const nonce = "nonce-0123456789abcdef";

/** The agent on the machine launched for the last job, over HTTP. */
export class Agent {
  readonly server: HttpWorld;
  readonly bootToken: string;
  lease = "";
  runner = "";
  attempt = 0;

  constructor(server: HttpWorld) {
    this.server = server;
    this.bootToken = server.world.compute.machines.at(-1)?.bootToken ?? "";
  }

  enrol(changes: object = {}): Promise<Answer> {
    const agent = { version: "1", os: "linux", arch: "x64" };
    const body = {
      protocol: 1,
      proof: { kind: "token", token: this.bootToken },
      nonce,
      agent,
      bootedAt: at,
      ...changes,
    };
    return this.server.ask("/agent/v1/enrol", { body, bearer: null });
  }

  ask(path: string, ask: Ask = {}): Promise<Answer> {
    return this.server.ask(`/agent/v1/${path}`, { bearer: this.lease, ...ask });
  }

  async report(events: readonly object[], log?: { offset: number; data: string }): Promise<Answer> {
    return this.ask("report", { body: { attempt: this.attempt, events, ...(log ? { log } : {}) } });
  }

  beat(waitMs = 0): Promise<Answer> {
    return this.ask("heartbeat", { body: { attempt: this.attempt, waitMs } });
  }

  /** Enrolled and listening; takes the job that is there. */
  async listen(): Promise<Assignment | null> {
    const { lease, runner } = (await this.enrol()).json<EnrolAnswer>();
    this.lease = lease;
    this.runner = runner;
    const { assignment } = (await this.report([{ type: "listening", at }])).json<AgentOrders>();
    this.attempt = assignment?.attempt ?? 0;
    return assignment;
  }
}

export async function launched(
  options: HttpWorldOptions = {},
): Promise<{ server: HttpWorld; agent: Agent; key: string }> {
  const server = await startWorld(options);
  const { key } = await server.submit({ command: ["make"] });
  await server.pump();
  return { server, agent: new Agent(server), key };
}

/** An agent that listens and has no job. */
export async function idle(): Promise<{ server: HttpWorld; agent: Agent }> {
  const { server, agent, key } = await launched();
  await server.ask(`/api/v1/jobs/${encodeURIComponent(key)}/cancel`, { method: "POST" });
  if ((await agent.listen()) !== null) throw new Error("there was a job");
  return { server, agent };
}

/** An agent whose job runs. */
export async function running() {
  const { server, agent, key } = await launched();
  await agent.listen();
  await agent.report([{ type: "started", at }]);
  return { server, agent, key };
}
