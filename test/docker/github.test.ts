/** GitHub jobs in containers of a real engine: also those from forks, which run nowhere else. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { GithubPlace } from "../fixtures/github-place";
import { until } from "../fixtures/onejob-process";
import type { RawEntry } from "../fixtures/tar-bytes";
import { Podman, busyboxFiles, installMs } from "./podman";

const image = "docker.io/onejob/actions-runner:latest";
const labels = ["self-hosted", "linux"];
let podman: Podman;
let github: GithubPlace;

beforeAll(async () => {
  podman = await Podman.start();
  await podman.importImage(image, [...(await busyboxFiles(podman)), ...(await nodeFiles()), ...(await runnerFiles())]);
  const compute = `{ kind: docker, image: "${image}", socket: ${podman.socket}, pull: never, network: host }`;
  github = await GithubPlace.open({
    profile: `  - { name: box, labels: [self-hosted, linux], compute: ${compute} }`,
    runner: "/opt/actions-runner",
  });
  await github.serve();
}, installMs);
afterAll(async () => {
  await github.close();
  await podman.stop();
});

/** The stand-in is a Node script, so its image needs a Node of its own, as the real one needs .NET. */
async function nodeFiles(): Promise<readonly RawEntry[]> {
  const report = process.report.getReport() as { readonly sharedObjects?: readonly string[] };
  const libraries = (report.sharedObjects ?? []).filter((path) => path.startsWith("/"));
  const files = libraries.map(async (path) => ({ path: path.slice(1), content: await readFile(path), mode: 0o755 }));
  const program = { path: "bin/node", content: await readFile(process.execPath), mode: 0o755 };
  const env = { path: "usr/bin/env", type: "2", linkpath: "/bin/busybox", mode: 0o777 };
  return [program, env, ...(await Promise.all(files))];
}

async function runnerFiles(): Promise<readonly RawEntry[]> {
  const folder = join(__dirname, "../fakes/github/listener/bin");
  const names = await readdir(folder);
  return Promise.all(
    names.map(async (name) => ({
      ...{ path: `opt/actions-runner/bin/${name}`, content: await readFile(join(folder, name)), mode: 0o755 },
    })),
  );
}

describe("a GitHub job on docker compute", () => {
  it.each([
    ["of the repository itself", {}],
    ["from a fork", { fork: "mallory/widgets" }],
  ])("%s runs in a container of its own, which is gone afterwards", async (_, from) => {
    const run = github.fake.queueRun("acme/widgets", { ...from, jobs: [{ labels, script: "cat /etc/from-image" }] });
    await until(() => run.jobs.every(({ status }) => status === "completed"));
    expect(run.jobs.map(({ conclusion }) => conclusion)).toEqual(["success"]);
    await until(async () => (await github.jobs()).every(({ state }) => state === "completed"));
    await github.whenEmpty();
    await until(async () => (await podman.containers()).length === 0);
  });
});
