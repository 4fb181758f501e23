/**
 * The rooms of the house and who may import whom, as a table. A room is a folder of `runtime/` (with its kind or host:
 * `sources/gitlab`, `entry/local`), or `components`.
 */
import { builtinModules } from "node:module";
import { posix } from "node:path";
import type { Module } from "./read-module";

export interface Room {
  /** Its folders, from the project's root. */
  readonly folder: RegExp;
  /** Files of the project it may import besides its own. */
  readonly mayImport: readonly RegExp[];
  /** Packages it may import: a list, or any (Node's own included). */
  readonly packages: readonly string[] | "any";
  readonly why: string;
}

const core = /^runtime\/core\//;
const machine = /^runtime\/machine\//;
/** For the version. */
const manifest = /^package\.json$/;

export const rooms = {
  core: {
    folder: /^runtime\/core\//,
    mayImport: [],
    packages: ["ajv"],
    why: "core is pure: it decides from what it is given, so that the simulator can run it and a test needs nothing",
  },
  machine: {
    folder: /^runtime\/machine\//,
    mayImport: [core],
    packages: builtinModules.flatMap((name) => [name, `node:${name}`]),
    why: "machine is what the agent and the computes both do to the machine they are on; it goes into the agent's bundle",
  },
  flow: {
    folder: /^runtime\/flow\//,
    mayImport: [core],
    packages: [],
    why: "a flow reaches the world through the ports it is given, so that one flow serves Lambda, one process and the simulator",
  },
  source: {
    folder: /^runtime\/sources\/[a-z0-9-]+\//,
    mayImport: [core, machine],
    packages: "any",
    why: "a source knows where jobs come from and nothing else; the enrolment is all that crosses to a compute, and it is opaque",
  },
  compute: {
    folder: /^runtime\/compute\/[a-z0-9-]+\//,
    mayImport: [core, machine],
    packages: "any",
    why: "a compute makes machines and nothing else; what a source put into the enrolment is opaque to it",
  },
  ledger: {
    folder: /^runtime\/ledger\//,
    mayImport: [core],
    packages: "any",
    why: "an adapter knows the contract it implements, not who calls it",
  },
  queue: {
    folder: /^runtime\/queue\//,
    mayImport: [core],
    packages: "any",
    why: "an adapter knows the contract it implements, not who calls it",
  },
  agent: {
    folder: /^runtime\/agent\//,
    mayImport: [core, machine, manifest],
    packages: "any",
    why: "the agent is one small bundle on a machine of its own; what it shares with the server is the protocol in core",
  },
  entry: {
    folder: /^runtime\/entry\/(lambda|local|http|host)\//,
    mayImport: [/^runtime\/(?!cli\/|dashboard\/)/, manifest],
    packages: "any",
    why: "an entry wires ports to flows; the CLI and the dashboard stand in front of it, not behind it",
  },
  cli: {
    folder: /^runtime\/cli\//,
    mayImport: [
      core,
      /^runtime\/flow\//,
      /^runtime\/entry\/local\//,
      /^runtime\/queue\/message-text$/,
      // How a request to a fleet is signed.
      /^runtime\/machine\/aws-signature$/,
      manifest,
    ],
    packages: "any",
    why: "the CLI has no rules of its own: it asks a server over HTTP, or starts the local one; of a queue it reads messages only",
  },
  dashboard: {
    folder: /^runtime\/dashboard\//,
    mayImport: [core, /^runtime\/flow\//],
    packages: "any",
    why: "the dashboard shows what the flows decided and decides nothing itself",
  },
  components: {
    folder: /^components\//,
    mayImport: [
      /^runtime\/core\/(settings|(read-settings|duration|fleet-facts|secret-names|metrics)$)/,
      /^runtime\/ledger\/table$/,
    ],
    packages: "any",
    why: "deploy time shares only the settings and names with run time; entry bundles are named by path, not imported",
  },
} as const satisfies Record<string, Room>;

export type RoomName = keyof typeof rooms;
export const roomNames = Object.keys(rooms) as RoomName[];

export function roomOf(path: string): RoomName | undefined {
  return roomNames.find((name) => rooms[name].folder.test(path));
}

/** Every import of the module that its room does not allow, as one sentence each. */
export function forbiddenImports(module: Module): string[] {
  const name = roomOf(module.path);
  if (name === undefined) return [];
  const room: Room = rooms[name];
  return module.imports
    .filter((specifier) => !isAllowed(module.path, specifier, room))
    .map((specifier) => `${module.path} imports "${specifier}", but ${room.why}`);
}

function isAllowed(path: string, specifier: string, room: Room): boolean {
  if (!specifier.startsWith(".")) return room.packages === "any" || room.packages.includes(packageOf(specifier));
  const target = posix.join(posix.dirname(path), specifier);
  return target.startsWith(ownFolder(path, room)) || room.mayImport.some((allowed) => allowed.test(target));
}

/** `runtime/sources/github/` for any file in it, however deep. */
function ownFolder(path: string, room: Room): string {
  return room.folder.exec(path)?.[0] ?? path;
}

function packageOf(specifier: string): string {
  const [scope = "", name = ""] = specifier.split("/");
  return scope.startsWith("@") ? `${scope}/${name}` : scope;
}
