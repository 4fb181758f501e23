/** `onejob connect` by what SSM holds; sessions themselves moto does not have, which is an answer of AWS like another. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { someRunner } from "../cli/fleet-desk";
import type { CliDesk } from "./cli-desk";
import { onDesk } from "./cli-desk";
import { useMoto } from "./fleet-world";

const url = useMoto();
let desk: CliDesk;
let folder: string;
onDesk(url, (made) => void (desk = made));

beforeEach(() => {
  folder = join(desk.terminal.folder, "bin");
  mkdirSync(folder);
  desk.terminal.env = { ...desk.terminal.env, PATH: folder };
  program("session-manager-plugin", "echo 1.2.553.0");
  desk.api.answers.set("GET /api/v1/runners", { items: [someRunner()] });
});

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

const profile = (compute: object) =>
  desk.parameter("settings/profiles/small", { name: "small", labels: ["linux"], compute });

it("lets in where the deployed profile says so", async () => {
  await profile({ kind: "ec2", connect: "ssm" });
  program("aws", `echo "$@" >${folder}/called`);
  expect((await desk.terminal.run("connect", "onejob-4k2jab")).code).toBe(0);
  expect(readFileSync(join(folder, "called"), "utf8")).toBe(
    "ssm start-session --target i-0123456789abcdef0 --region eu-west-1\n",
  );
});

it("lets nobody in where the deployed profile does not", async () => {
  await profile({ kind: "ec2" });
  expect((await desk.terminal.run("connect", "onejob-4k2jab")).code).toBe(77);
});

it("passes on what AWS says to a session that cannot be", async () => {
  await profile({ kind: "ec2", connect: "ssm" });
  const { code, err } = await desk.terminal.run("connect", "onejob-4k2jab");
  expect([1, 69, 77]).toContain(code);
  expect(err).toMatch(/AWS (refused|cannot be reached).*i-0123456789abcdef0/);
});
