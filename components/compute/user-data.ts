/**
 * What a machine reads when it boots: files, orders, and the first step. No secret is in it, for whoever may describe the
 * machine or its launch template can read it, and so can every job.
 */
import { gzipSync } from "node:zlib";
import { machineFilesScript, writeFile } from "./machine-files";

export interface MachineOrders {
  readonly fleet: string;
  readonly region: string;
  /** Base URL of the server. */
  readonly agentUrl: string;
  /** Of the agent that the server gives, in lower-case hexadecimal digits. */
  readonly agentSha256: string;
  /** After so long the machine switches itself off, whatever it does. */
  readonly lifetimeSeconds: number;
  readonly connect: "never" | "ssm";
}

/** Of EC2, before base64. */
const mostBytes = 16_384;

/** Base64, as launch templates want it. Throws when it would be too long. */
export function userData(orders: MachineOrders): string {
  const text = userDataText(orders);
  const plain = Buffer.from(text);
  // Compressed only when it must be: other versions of Node.js would compress it to other bytes, a change for nothing.
  const bytes = plain.length <= mostBytes ? plain : gzipSync(plain, { level: 9 });
  if (bytes.length > mostBytes)
    throw new Error(`the user data of machines has ${bytes.length} bytes; EC2 takes ${mostBytes}`);
  return bytes.toString("base64");
}

/**
 * A boothook is the first thing that cloud-init runs, before it does anything of its own.
 * @see https://docs.cloud-init.io/en/latest/explanation/format/cloud-boothook.html
 */
function userDataText(orders: MachineOrders): string {
  return `#cloud-boothook
#!/bin/bash
set -Eeuo pipefail
trap 'echo "onejob: the boot failed in line $LINENO of the user data" >"\${ONEJOB_CONSOLE:-/dev/console}"; systemctl poweroff --no-block' ERR
${machineFilesScript("boot")}
${writeFile({ path: "/etc/onejob/orders.json", mode: "0644", text: JSON.stringify(bootOrders(orders)) })}
${writeFile({ path: "/etc/onejob/machine.env", mode: "0644", text: machineVariables(orders) })}
"\${ONEJOB_ROOT:-}/opt/onejob/bin/boot"
`;
}

/** `AgentBoot` of the agent protocol, without the job's user, whose number only the machine knows. */
function bootOrders({ agentUrl, fleet, region }: MachineOrders): Readonly<Record<string, unknown>> {
  return {
    url: agentUrl,
    stateDir: "/var/lib/onejob/state",
    jobDir: "/var/lib/onejob/job",
    cacheDir: "/var/cache/onejob",
    aws: { fleet, region },
    atEnd: "poweroff",
    // There is one runner on a machine; who it is the server says when it enrols.
    marker: { ONEJOB_RUNNER: "this-machine" },
  };
}

function machineVariables({ agentUrl, agentSha256, lifetimeSeconds, connect }: MachineOrders): string {
  return [
    `AGENT_URL=${quoted(agentUrl)}`,
    `AGENT_SHA256=${quoted(agentSha256)}`,
    `LIFETIME_SECONDS=${lifetimeSeconds}`,
    `CONNECT=${connect}`,
  ].join("\n");
}

/** For a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
