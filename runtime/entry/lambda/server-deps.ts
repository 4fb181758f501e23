/** What the HTTP server is given in a function: nothing that lives longer than a request. */
import type { Ports } from "../../core/ports";
import { version } from "../../../package.json";
import type { HttpDeps } from "../http/context";
import { storedDeliveries } from "../host/stored-deliveries";
import { mostBytes } from "./inject";

export function serverDeps(ports: Ports, token: string | null): HttpDeps {
  return {
    ports,
    token,
    version,
    startedAt: ports.clock.now(),
    ready: async () => [{ name: "ledger", ok: await answers(ports) }],
    accepting: () => true,
    stored: storedDeliveries(),
    logger: ports.log,
    limits: { bundleBytes: mostBytes, logBytes: mostBytes, logPieceBytes: mostBytes / 4 },
    connected: false,
  };
}

async function answers({ ledger }: Ports): Promise<boolean> {
  return ledger.readFleet().then(
    () => true,
    () => false,
  );
}
