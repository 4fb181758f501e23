/**
 * What people and scripts ask of a fleet: the routes of a server of one's own. Who may ask, IAM has decided before; that it
 * was somebody of the fleet's own account is looked at once more, as a policy is soon written too wide.
 */
import { OnejobError } from "../../core/errors";
import type { FleetFacts } from "../../core/fleet-facts";
import { personsServer } from "../http/server";
import { fleetFiles } from "./fleet-files";
import { openFleetPorts } from "./fleet-ports";
import { hosting, type Handler } from "./hosting";
import { injectingHandler } from "./inject";
import { once } from "./once";
import { callerAccount, type ProxyAnswer, type ProxyEvent } from "./proxy-event";
import { serverDeps } from "./server-deps";

export function createApi(facts: FleetFacts): Handler<ProxyEvent, ProxyAnswer> {
  const host = hosting("api", facts);
  const open = once(async () => {
    // It asks for work to be done by others: machines are none of its business.
    const brought = { files: fleetFiles, computes: () => ({}), secrets: "none" } as const;
    const { ports, loadSettings } = await openFleetPorts(facts, host, brought);
    const app = personsServer(serverDeps(ports, null));
    await app.ready();
    return { app, prepare: loadSettings, path: withEncodedJob, admit: ownAccountOnly(facts) };
  });
  open().catch(() => undefined);
  return injectingHandler(host, open);
}

function ownAccountOnly({ accountId }: FleetFacts): (event: ProxyEvent) => void {
  return (event) => {
    if (callerAccount(event) !== accountId)
      throw new OnejobError("unauthorised", "the request is not signed by somebody of the fleet's AWS account");
  };
}

/** Some doors hand the path over decoded; then the slashes of a job's key are told from those of the path by what follows. */
export function withEncodedJob(path: string): string {
  const [, job = "", rest = ""] = /^\/api\/v1\/jobs\/(.+?)(\/(?:timeline|why|logs|cancel|rerun))?$/.exec(path) ?? [];
  return job.includes("/") ? `/api/v1/jobs/${encodeURIComponent(job)}${rest}` : path;
}
