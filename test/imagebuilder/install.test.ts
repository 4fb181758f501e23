/** The script that makes a machine for jobs, run in a folder. */
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunnerCache } from "../../runtime/agent/listener/install/runner-cache";
import { TemporaryMachine, type Ended } from "./temporary-machine";

const nodeVersion = "24.21.0";
const runnerVersion = "2.338.0";
const runners = "var/cache/onejob/actions-runner";

let machine: TemporaryMachine;
let sums: { readonly node: string; readonly runner: string };

/** What both architectures need, as their releases would give it. */
async function serve(arch: string): Promise<void> {
  const folder = `node-v${nodeVersion}-linux-${arch}`;
  const node = `#!/bin/sh\nif [ "$1" = --version ]; then echo v${nodeVersion}; else exec ${process.execPath} "$@"; fi\n`;
  const nodeArchive = `${folder}.tar.xz`;
  const runnerArchive = `actions-runner-linux-${arch}-${runnerVersion}.tar.gz`;
  sums = {
    node: await machine.serveArchive(nodeArchive, { [`${folder}/bin/node`]: node, [`${folder}/LICENSE`]: "" }),
    runner: await machine.serveArchive(runnerArchive, { "bin/Runner.Listener": "#!/bin/sh\necho 2.338.0\n" }),
  };
  serveRelease(arch, { digest: `sha256:${sums.runner}` });
  setVersions({});
}

function serveRelease(arch: string, { digest, body = "" }: { readonly digest?: string; readonly body?: string }): void {
  const name = `actions-runner-linux-${arch}-${runnerVersion}.tar.gz`;
  const asset = { name, browser_download_url: `https://github.com/actions/runner/releases/download/x/${name}`, digest };
  writeFileSync(
    join(machine.served, "latest"),
    JSON.stringify({ tag_name: `v${runnerVersion}`, body, assets: [asset] }),
  );
}

function setVersions(more: Readonly<Record<string, string>>): void {
  const versions = {
    NODE_VERSION: nodeVersion,
    ...{ NODE_SHA256_X64: sums.node, NODE_SHA256_ARM64: sums.node },
    ...{ RUNNER_VERSION: "latest", RUNNER_SHA256_X64: "", RUNNER_SHA256_ARM64: "" },
    RUNNER_RELEASES_URL: "https://api.github.com",
    ...more,
  };
  const lines = Object.entries(versions).map(([name, value]) => `${name}=${value}`);
  machine.write("opt/onejob/versions.env", `${lines.join("\n")}\n`);
}

const install = (mode: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  machine.bash(`${machine.root}/opt/onejob/bin/install ${mode}`, env);
const downloads = (): readonly string[] => machine.calls().filter((call) => call.startsWith("curl "));

/** The agent's own, of the version that runs there. */
function agentsCache(platform: string): RunnerCache {
  const parts = { clock: { now: () => Date.now() }, random: { id: () => "test" } };
  return new RunnerCache({ root: join(machine.root, runners), platform, ...parts });
}

beforeEach(async () => {
  machine = new TemporaryMachine();
  await machine.writeMachineFiles();
  await serve("x64");
});

afterEach(() => machine.remove());

describe("an install at the first boot of a plain image", () => {
  it("brings Docker, Node.js, GitHub's runner and the job's user", async () => {
    expect(await install("boot")).toEqual({ code: 0, output: expect.stringContaining("done in") as string });
    const calls = machine.calls().join("\n");
    expect(calls).toContain("--no-install-recommends docker.io docker-buildx docker-compose-v2 pigz");
    expect(calls).toContain("useradd --create-home --shell /bin/bash --gid docker onejob");
    expect(statSync(join(machine.root, "etc/sudoers.d/90-onejob")).mode & 0o777).toBe(0o440);
    expect(machine.has("opt/onejob/node/bin/node")).toBe(true);
  });

  it("puts the runner where the agent looks for it, as the latest one", async () => {
    await install("boot");
    const cache = agentsCache("linux-x64");
    await cache.open();
    expect(await cache.find(runnerVersion)).toBe(join(machine.root, runners, `${runnerVersion}-linux-x64`));
    const note = await cache.latest("https://api.github.com");
    expect(note?.version).toBe(runnerVersion);
    expect(Math.abs(Date.now() - (note?.foundAt ?? 0))).toBeLessThan(600_000);
  });

  it("leaves the folder of runners closed to everybody else", async () => {
    await install("boot");
    expect(statSync(join(machine.root, runners)).mode & 0o777).toBe(0o700);
    expect(statSync(join(machine.root, runners, "latest-linux-x64.json")).mode & 0o777).toBe(0o600);
  });

  it("takes the files of the machine's own architecture", async () => {
    await serve("arm64");
    expect((await install("boot", { MACHINE: "aarch64" })).code).toBe(0);
    expect(await agentsCache("linux-arm64").find(runnerVersion)).toBeDefined();
  });

  it("says so on a machine that there is no runner for", async () => {
    const { code, output } = await install("boot", { MACHINE: "riscv64" });
    expect(code).not.toBe(0);
    expect(output).toContain("riscv64");
  });

  it("changes nothing of how the machine boots", async () => {
    await install("boot");
    expect(machine.has("etc/systemd/system/apt-daily.timer")).toBe(false);
  });
});

describe("an install that was done before", () => {
  it("does nothing at all with the same kit", async () => {
    await install("boot");
    machine.calls();
    expect((await install("boot")).code).toBe(0);
    expect(machine.calls()).toEqual(["uname -m"]);
  });

  it("brings nothing again with a newer kit", async () => {
    await install("boot");
    machine.calls();
    machine.write("opt/onejob/versions.env", `${machine.read("opt/onejob/versions.env")}OTHER=1\n`);
    expect((await install("boot")).code).toBe(0);
    const calls = machine.calls();
    expect(calls.filter((call) => /^(curl|apt-get|useradd)/.test(call))).toEqual([]);
  });

  it("asks for a newer runner when an image is baked, and keeps the one that is still the latest", async () => {
    await install("bake");
    machine.calls();
    machine.write("opt/onejob/installed", "");
    expect((await install("bake")).code).toBe(0);
    expect(downloads()).toEqual(["curl https://api.github.com/repos/actions/runner/releases/latest"]);
  });

  it("leaves a Docker alone that the image has from elsewhere", async () => {
    machine.stub("docker", "exit 0");
    await install("boot");
    expect(machine.calls().filter((call) => call.startsWith("apt-get"))).toEqual([]);
  });
});

describe("an install that is disturbed", () => {
  it("tries again when a download fails", async () => {
    machine.write(".served/.refusals", "3");
    expect((await install("boot")).code).toBe(0);
  });

  it("tries again while somebody else holds apt's lock", async () => {
    machine.write(".served/.locked", "3");
    expect((await install("boot")).code).toBe(0);
  });

  it("ends with an error when packages cannot be had, and is whole after the next time", async () => {
    machine.write(".served/.locked", "99");
    expect((await install("boot")).code).not.toBe(0);
    expect(machine.has("opt/onejob/installed")).toBe(false);
    machine.write(".served/.locked", "0");
    expect((await install("boot")).code).toBe(0);
  });

  it.each([
    ["Node.js", () => setVersions({ NODE_SHA256_X64: "0".repeat(64) }), "opt/onejob/node"],
    [
      "the runner",
      () => serveRelease("x64", { digest: `sha256:${"0".repeat(64)}` }),
      `${runners}/${runnerVersion}-linux-x64`,
    ],
    [
      "a pinned runner",
      () => setVersions({ RUNNER_VERSION: runnerVersion, RUNNER_SHA256_X64: "0".repeat(64) }),
      `${runners}/${runnerVersion}-linux-x64`,
    ],
  ])("refuses %s with another checksum than the announced one", async (_name, spoil, folder) => {
    spoil();
    const { code, output } = await install("boot");
    expect(code).not.toBe(0);
    expect(output).toContain("is not the announced file");
    expect(machine.has(folder)).toBe(false);
    expect(machine.has("opt/onejob/installed")).toBe(false);
  });

  it.each([
    ["a release without a checksum", {}],
    ["a checksum that is none", { digest: "sha256:abc" }],
  ])("refuses %s", async (_name, release) => {
    serveRelease("x64", release);
    expect((await install("boot")).code).not.toBe(0);
    expect(machine.has(`${runners}/${runnerVersion}-linux-x64`)).toBe(false);
  });

  it("finds the checksum in the text of an older release", async () => {
    serveRelease("x64", { body: `<!-- BEGIN SHA linux-x64 -->${sums.runner}<!-- END SHA linux-x64 -->` });
    expect((await install("boot")).code).toBe(0);
  });

  it("says what an image lacks that has no apt-get", async () => {
    const script = `PATH=${machine.root}/.bin:${machine.root}/.tools; ${machine.root}/opt/onejob/bin/install boot`;
    const tools = [
      "bash",
      "cat",
      "chmod",
      "cp",
      "cut",
      "date",
      "mkdir",
      "mv",
      "rm",
      "sha256sum",
      "tar",
      "xz",
      "gzip",
      "env",
      "ln",
      "grep",
      "sh",
    ];
    for (const tool of tools) machine.write(`.tools/${tool}`, `#!/bin/sh\nexec /usr/bin/${tool} "$@"\n`, 0o755);
    rmSync(join(machine.root, ".bin/apt-get"));
    const { code, output } = await machine.bash(script);
    expect(code).not.toBe(0);
    expect(output).toContain("this image lacks docker.io");
  });
});

describe("an image that is baked", () => {
  it("starts neither apt's timers nor Docker by itself, and waits for no network", async () => {
    expect((await install("bake")).code).toBe(0);
    const masked = readdirSync(join(machine.root, "etc/systemd/system"));
    expect(masked).toEqual(expect.arrayContaining(["apt-daily.timer", "systemd-networkd-wait-online.service"]));
    expect(machine.calls()).toContain("systemctl disable docker.service containerd.service");
    expect(machine.read("etc/cloud/cloud.cfg.d/95-onejob.cfg")).toBe("datasource_list: [ Ec2 ]\n");
  });

  it("takes a pinned runner without asking which one is the latest", async () => {
    setVersions({ RUNNER_VERSION: runnerVersion, RUNNER_SHA256_X64: sums.runner });
    expect((await install("bake")).code).toBe(0);
    expect(downloads().filter((call) => call.includes("api.github.com"))).toEqual([]);
  });

  it("is refused by its check when something is missing", async () => {
    await install("bake");
    expect((await install("check")).code).toBe(0);
    machine.stub("docker", "exit 1");
    expect((await install("check")).code).not.toBe(0);
  });
});
