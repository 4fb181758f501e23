/** What agents dial: the same routes as on a server of one's own, each with its own proof. Nothing is held open here. */
import { join } from "node:path";
import type { FleetFacts } from "../../core/fleet-facts";
import { bareServer } from "../http/bare-server";
import { agentRoutes } from "../http/routes-agent";
import { agentProgram } from "./agent-program";
import { serverDeps } from "./server-deps";
import { identityComputes } from "./identity-computes";
import { fleetFiles } from "./fleet-files";
import { openFleetPorts } from "./fleet-ports";
import { hosting, type Handler } from "./hosting";
import { injectingHandler } from "./inject";
import { keptAgents } from "./kept-agents";
import { once } from "./once";
import type { ProxyAnswer, ProxyEvent } from "./proxy-event";

/** `agentFile`: the agent's bundle. @default `agent.js` beside this function's own */
export function createAgent(
  facts: FleetFacts,
  { agentFile = join(__dirname, "agent.js") }: { readonly agentFile?: string } = {},
): Handler<ProxyEvent, ProxyAnswer> {
  const host = hosting("agent", facts);
  const open = once(async () => {
    // It hardly ever asks a forge, and then for itself.
    const brought = { files: fleetFiles, computes: identityComputes, secrets: "agent-key" } as const;
    const { ports, loadSettings } = await openFleetPorts(facts, host, brought);
    // Nobody has this token: what is not for agents is for nobody here.
    const { app, add } = bareServer(serverDeps(ports, ""));
    add([agentRoutes, agentProgram(agentFile, keptAgents(facts))]);
    await app.ready();
    return { app, prepare: loadSettings };
  });
  open().catch(() => undefined);
  return injectingHandler(host, open);
}
