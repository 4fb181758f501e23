/**
 * The rules of the house (who may import whom, and how files are named), read from the sources themselves.
 * Every rule is shown a text that breaks it, so that none passes because it sees nothing.
 */
import { allFiles, read } from "./house/files";
import {
  builtinsInCore,
  defaultExports,
  emptyNames,
  extensions,
  homeless,
  missingFiles,
  notKebabCase,
} from "./house/names";
import type { Module, SourceText } from "./house/read-module";
import { readModule } from "./house/read-module";
import type { RoomName } from "./house/rooms";
import { forbiddenImports, roomOf } from "./house/rooms";

const product = [...read("runtime"), ...read("components")];
const everything = [...product, ...read("test")];

interface Rule {
  readonly claim: string;
  readonly of: readonly Module[];
  readonly check: (module: Module) => string[];
  readonly broken: readonly SourceText[];
}

const at = (path: string, ...lines: string[]): SourceText => ({ path, text: lines.join("\n") });
const inRoom = (name: RoomName) => product.filter(({ path }) => roomOf(path) === name);

const rules: readonly Rule[] = [
  {
    claim: "core imports only core and the schema library",
    of: inRoom("core"),
    check: forbiddenImports,
    broken: [
      at("runtime/core/a.ts", 'import type { Thing } from "../flow/b";'),
      at("runtime/core/a.ts", 'import yaml from "yaml";'),
      at("runtime/core/a.ts", 'export * from "../entry/local/b";'),
      at("runtime/core/a.ts", 'type Thing = import("../ledger/b").Thing;'),
    ],
  },
  {
    claim: "core uses nothing of Node",
    of: inRoom("core"),
    check: builtinsInCore,
    broken: [
      at("runtime/core/a.ts", 'import { join } from "node:path";'),
      at("runtime/core/a.ts", 'const fs = require("fs");'),
    ],
  },
  {
    claim: "machine imports only core and Node",
    of: inRoom("machine"),
    check: forbiddenImports,
    broken: [
      at("runtime/machine/a.ts", 'import { run } from "../compute/process/b";'),
      at("runtime/machine/a.ts", 'import { create } from "tar";'),
    ],
  },
  {
    claim: "a flow imports only core and flows",
    of: inRoom("flow"),
    check: forbiddenImports,
    broken: [
      at("runtime/flow/a.ts", 'import { ledger } from "../ledger/b";'),
      at("runtime/flow/a.ts", 'import { setTimeout } from "node:timers/promises";'),
    ],
  },
  {
    claim: "a source imports only core and its own folder, never a compute",
    of: inRoom("source"),
    check: forbiddenImports,
    broken: [
      at("runtime/sources/api/a.ts", 'import type { Docker } from "../../compute/docker/b";'),
      at("runtime/sources/api/a.ts", 'import { sign } from "../github/b";'),
      at("runtime/sources/api/deep/a.ts", 'import { plan } from "../../../flow/b";'),
    ],
  },
  {
    claim: "a compute imports only core and its own folder, never a source",
    of: inRoom("compute"),
    check: forbiddenImports,
    broken: [
      at("runtime/compute/process/a.ts", 'const { api } = await import("../../sources/api/b");'),
      at("runtime/compute/process/a.ts", 'export { run } from "../docker/b";'),
      at("runtime/compute/process/a.ts", 'import { agent } from "../../agent/main";'),
    ],
  },
  {
    claim: "the ledger imports only core and itself",
    of: inRoom("ledger"),
    check: forbiddenImports,
    broken: [at("runtime/ledger/a.ts", 'import { open } from "../queue/b";')],
  },
  {
    claim: "the queue imports only core and itself",
    of: inRoom("queue"),
    check: forbiddenImports,
    broken: [at("runtime/queue/local/a.ts", 'import { open } from "../../ledger/b";')],
  },
  {
    claim: "the agent imports only core and itself",
    of: inRoom("agent"),
    check: forbiddenImports,
    broken: [at("runtime/agent/a.ts", 'import { group } from "../compute/process/b";')],
  },
  {
    claim: "an entry imports neither the CLI nor the dashboard",
    of: inRoom("entry"),
    check: forbiddenImports,
    broken: [
      at("runtime/entry/local/a.ts", 'import { colour } from "../../cli/b";'),
      at("runtime/entry/lambda/a.ts", 'import { page } from "../../dashboard/b";'),
      at("runtime/entry/local/a.ts", 'import { fake } from "../../../test/fakes/b";'),
    ],
  },
  {
    claim: "the CLI imports only core, flows, the local entry, how requests are signed, and itself",
    of: inRoom("cli"),
    check: forbiddenImports,
    broken: [
      at("runtime/cli/commands/a.ts", 'import { open } from "../../ledger/b";'),
      at("runtime/cli/a.ts", 'import { webhook } from "../entry/lambda/b";'),
      at("runtime/cli/a.ts", 'import { removeTree } from "../machine/remove-tree";'),
    ],
  },
  {
    claim: "the dashboard imports only core, flows and itself",
    of: inRoom("dashboard"),
    check: forbiddenImports,
    broken: [at("runtime/dashboard/a.ts", 'import { open } from "../ledger/b";')],
  },
  {
    claim: "components import from runtime only the settings",
    of: inRoom("components"),
    check: forbiddenImports,
    broken: [
      at("components/a.ts", 'import type { Job } from "../runtime/core/model";'),
      at("components/compute/a.ts", 'import { webhook } from "../../runtime/entry/lambda/b";'),
    ],
  },
  {
    claim: "every file stands in a room that the design names",
    of: product,
    check: homeless,
    broken: [
      at("runtime/shared/a.ts"),
      at("runtime/a.ts"),
      at("runtime/sources/a.ts"),
      at("runtime/compute/a.ts"),
      at("runtime/entry/azure/a.ts"),
    ],
  },
  {
    claim: "no relative import names an extension",
    of: everything,
    check: extensions,
    broken: [
      at("runtime/core/a.ts", 'import { b } from "./b.js";'),
      at("test/a.test.ts", 'import { b } from "../b.ts";'),
    ],
  },
  {
    claim: "nothing is a default export",
    of: everything,
    check: defaultExports,
    broken: [
      at("runtime/core/a.ts", "export default 1;"),
      at("runtime/core/a.ts", "export default function a() {}"),
      at("runtime/core/a.ts", "const a = 1; export { a as default };"),
      at("runtime/core/a.ts", "const a = 1; export = a;"),
    ],
  },
  {
    claim: "no file or folder has an empty name like utils, helpers, manager or common",
    of: everything,
    check: emptyNames,
    broken: [
      at("runtime/core/utils.ts"),
      at("runtime/flow/launch-helpers.ts"),
      at("runtime/agent/common/a.ts"),
      at("runtime/queue/queue-manager.ts"),
    ],
  },
  {
    claim: "a comment names no file that is not there",
    of: everything,
    check: missingFiles(allFiles),
    broken: [
      at("runtime/core/a.ts", "/** As `settings-nowhere.ts` has it. */"),
      at("runtime/core/a.ts", "  // see test/core/nowhere.test.ts"),
    ],
  },
  {
    claim: "file names are kebab-case",
    of: everything,
    check: notKebabCase,
    broken: [at("runtime/core/jobMoves.ts"), at("runtime/core/job_moves.ts"), at("test/core/JobMoves.test.ts")],
  },
];

describe("the house", () => {
  it("is read at all", () => {
    expect(product.length).toBeGreaterThan(10);
    expect(product.some(({ imports }) => imports.length > 0)).toBe(true);
  });

  it.each(rules)("keeps the rule: $claim", ({ of, check }) => {
    expect(of.flatMap(check)).toEqual([]);
  });
});

describe("a text that breaks the house", () => {
  const broken = rules.flatMap(({ claim, check, broken }) =>
    broken.map(({ path, text }) => ({ claim, check, path, text })),
  );

  it.each(broken)("is reported ($path: $text) against: $claim", ({ check, path, text }) => {
    const [sentence] = check(readModule({ path, text }));
    expect(sentence).toContain(path);
  });

  it("exists for every rule", () => {
    expect(rules.filter(({ broken }) => broken.length === 0)).toEqual([]);
  });
});

describe("a text that keeps the house", () => {
  it.each([
    at("runtime/core/a.ts", 'import Ajv from "ajv";', 'import draft from "ajv/dist/2020";', 'import { b } from "./b";'),
    at("runtime/core/a.ts", "// See `settings.ts`, and https://github.com/pulumi/pulumi/blob/master/rpc.ts"),
    at("runtime/core/a.ts", '// import { b } from "../flow/b";', "const text = 'import \"node:fs\"';"),
    at("runtime/flow/a.ts", 'import type { Job } from "../core/model";', 'import { b } from "./b";'),
    at("runtime/sources/github/deep/a.ts", 'import { b } from "../b";', 'import { request } from "node:https";'),
    at("runtime/compute/ec2/a.ts", 'import { reasons } from "../../core/reasons";'),
    at("runtime/compute/ec2/a.ts", 'import { removeTree } from "../../machine/remove-tree";'),
    at("runtime/machine/a.ts", 'import { open } from "node:fs/promises";', 'import { b } from "../core/b";'),
    at("runtime/entry/local/a.ts", 'import { api } from "../../sources/api/b";', 'import { b } from "../lambda/b";'),
    at(
      "runtime/cli/a.ts",
      'import { serve } from "../entry/local/serve";',
      'import { version } from "../../package.json";',
    ),
    at(
      "components/compute/ec2.ts",
      'import { settings } from "../../runtime/core/settings";',
      'import { a } from "../a";',
    ),
  ])("is not reported ($path: $text)", (source) => {
    const module = readModule(source);
    const checks = rules.map(({ check }) => check);
    expect(checks.flatMap((check) => check(module))).toEqual([]);
  });
});
