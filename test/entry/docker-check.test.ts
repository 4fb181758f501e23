import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DockerComputeSettings } from "../../runtime/core/settings";
import { checkDocker } from "../../runtime/entry/local/docker-check";

let folder: string;
let engine: Server;
/** Status by path; everything else is not known. */
let answers: Record<string, number>;
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "onejob-docker-"));
  answers = { "/_ping": 200, "/images/debian:12/json": 200 };
  asked = [];
  engine = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(answers[request.url ?? ""] ?? 404).end("{}");
  });
  await new Promise<void>((resolve) => engine.listen(socket(), resolve));
});
afterEach(async () => {
  await new Promise((resolve) => engine.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const socket = (): string => join(folder, "engine.sock");

function compute(given: Partial<DockerComputeSettings> = {}): DockerComputeSettings {
  const rest = { registry: null, network: null, user: null, serverUrl: null };
  return { kind: "docker", image: "debian:12", socket: socket(), pull: "missing", ...rest, ...given };
}

describe("the check of a container engine", () => {
  it("is content with an engine that has the image", async () => {
    expect(await checkDocker(compute(), {})).toEqual({
      ok: true,
      what: `the engine at ${socket()} answers, and has debian:12`,
      fix: "",
    });
  });

  it.each(["missing", "always"] as const)("is content with an image that is still to be pulled (%s)", async (pull) => {
    delete answers["/images/debian:12/json"];
    const finding = await checkDocker(compute({ pull }), {});
    expect(finding.ok).toBe(true);
    expect(finding.what).toContain("pulls debian:12 at the first launch");
  });

  it("finds an image that is not there and may not be pulled", async () => {
    delete answers["/images/debian:12/json"];
    const finding = await checkDocker(compute({ pull: "never" }), {});
    expect(finding).toMatchObject({ ok: false, fix: "pull debian:12, or write pull: missing" });
  });

  it("asks for an image of a registry by its whole name", async () => {
    await checkDocker(compute({ image: "ghcr.io/acme/build:1" }), {});
    expect(asked).toEqual(["/_ping", "/images/ghcr.io/acme/build:1/json"]);
  });

  it("finds an engine that cannot say whether it has the image", async () => {
    answers["/images/debian:12/json"] = 500;
    expect(await checkDocker(compute(), {})).toMatchObject({
      ok: false,
      what: expect.stringContaining("500") as string,
    });
  });

  it("looks where DOCKER_HOST says when the profile does not", async () => {
    const env = { DOCKER_HOST: `unix://${socket()}` };
    expect((await checkDocker(compute({ socket: null }), env)).ok).toBe(true);
  });

  it("says of a DOCKER_HOST on another machine that it cannot be used, without its password", async () => {
    const env = { DOCKER_HOST: "tcp://user:hunter2@docker.example.org:2376" };
    const finding = await checkDocker(compute({ socket: null }), env);
    expect(finding.ok).toBe(false);
    expect(JSON.stringify(finding)).not.toContain("hunter2");
  });

  it.each([
    ["nothing", (path: string) => path],
    [
      "a file",
      (path: string) => {
        writeFileSync(path, "");
        return path;
      },
    ],
  ])("finds %s in the place of the socket, and says what to do", async (_, make) => {
    const finding = await checkDocker(compute({ socket: make(join(folder, "other.sock")) }), {});
    expect(finding).toMatchObject({
      ok: false,
      what: expect.stringContaining("no container engine answers") as string,
      fix: expect.stringContaining("start Docker or Podman") as string,
    });
  });

  it("finds something else that listens there", async () => {
    answers["/_ping"] = 404;
    expect(await checkDocker(compute(), {})).toMatchObject({ ok: false, fix: "correct compute.socket" });
  });

  it("finds a registry's password that is not where it should be", async () => {
    const registry = { username: "ci", password: { env: "REGISTRY_PASSWORD" } };
    const finding = await checkDocker(compute({ registry }), {});
    expect(finding).toMatchObject({ ok: false, what: expect.stringContaining("REGISTRY_PASSWORD") as string });
    expect((await checkDocker(compute({ registry }), { REGISTRY_PASSWORD: "x" })).ok).toBe(true);
  });
});
