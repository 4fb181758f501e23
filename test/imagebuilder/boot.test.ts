/** What a machine does with its user data, run in a folder, and how it gets its agent from a server. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { userData, type MachineOrders } from "../../components/compute/user-data";
import { readBoot } from "../../runtime/agent/boot";
import { TemporaryMachine, sha256, type Ended } from "./temporary-machine";

const agent = "console.log('the agent');\n";
const state = "var/lib/onejob";

let machine: TemporaryMachine;
let server: Server;
let url: string;
let answer: { readonly status: number; readonly body: string };
let asked: string[];

const orders = (more: Partial<MachineOrders> = {}): MachineOrders => ({
  ...{ fleet: "ci", region: "eu-west-1", agentUrl: url, agentSha256: sha256(agent), lifetimeSeconds: 24_000 },
  connect: "never",
  ...more,
});

async function boot(more: Partial<MachineOrders> = {}): Promise<Ended> {
  return machine.bash(textOf(userData(orders(more))));
}

function textOf(data: string): string {
  const bytes = Buffer.from(data, "base64");
  return (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** After the boot: what its unit runs, on a machine that lacks nothing. */
async function startAgent(env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  machine.write("opt/onejob/bin/install", "#!/bin/sh\nexit 0\n", 0o755);
  machine.write("opt/onejob/node/bin/node", `#!/bin/bash\necho "ran $1"; cat >"${machine.root}/heard"\n`, 0o755);
  machine.write(".served/.user", "1001");
  machine.write(".bin/curl", '#!/bin/sh\nexec /usr/bin/curl "$@"\n', 0o755);
  return machine.bash(`${machine.root}/opt/onejob/bin/start-agent`, env);
}

beforeEach(async () => {
  machine = new TemporaryMachine();
  answer = { status: 200, body: agent };
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  machine.remove();
});

describe("the user data of a machine", () => {
  it("is a boothook of cloud-init", () => {
    expect(textOf(userData(orders()))).toMatch(/^#cloud-boothook\n#!\/bin\/bash\n/);
  });

  it("sets the longest life before it starts the agent, and waits for neither", async () => {
    expect(await boot()).toEqual({ code: 0, output: "" });
    const calls = machine.calls();
    const [lifetime, start] = [
      /^systemd-run --no-block .*--on-boot=24000s/,
      /^systemctl start --no-block onejob-agent/,
    ];
    const places = [lifetime, start].map((pattern) => calls.findIndex((call) => pattern.test(call)));
    expect(places).toEqual([expect.any(Number), expect.any(Number)]);
    expect(places[0]).toBeGreaterThanOrEqual(0);
    expect(places[1]).toBeGreaterThan(places[0] ?? 0);
  });

  it("has systemd read the units of a plain image again, and not those of an image of ours", async () => {
    await boot();
    expect(machine.calls()).toContain("systemctl daemon-reload");
    for (const name of machine.read("opt/onejob/quiet-units").trim().split("\n")) {
      await machine.bash(`ln -sfn /dev/null ${machine.root}/etc/systemd/system/${name}`);
    }
    for (const name of ["amazon-ssm-agent", "snap.amazon-ssm-agent.amazon-ssm-agent"]) {
      machine.write(`etc/systemd/system/${name}.service.d/onejob.conf`, "");
    }
    await boot();
    expect(machine.calls()).not.toContain("systemctl daemon-reload");
  });

  it.each([
    ["never", true, 0],
    ["ssm", false, 1],
  ] as const)("with connect %s keeps Systems Manager's agent off: %s", async (connect, off, installs) => {
    await boot({ connect });
    expect(machine.has("run/onejob/no-ssm")).toBe(off);
    expect(machine.calls().filter((call) => call.includes("snap install --classic"))).toHaveLength(installs);
  });

  it("switches the machine off when it fails, and says where", async () => {
    machine.stub("systemd-run", "exit 1");
    expect((await boot()).code).not.toBe(0);
    expect(machine.calls()).toContain("systemctl poweroff --no-block");
    expect(machine.read(".console")).toContain("the boot failed in line");
  });

  it("may run again in the same boot", async () => {
    await boot();
    machine.stub("systemctl", "exit 0");
    machine.calls();
    expect((await boot()).code).toBe(0);
    expect(machine.calls().filter((call) => call.startsWith("systemd-run"))).toEqual([]);
  });

  it("survives an address with marks that mean something to a shell", async () => {
    const agentUrl = "https://x.example/it's;$(touch y)";
    expect((await boot({ agentUrl })).code).toBe(0);
    const { output } = await machine.bash(`. ${machine.root}/etc/onejob/machine.env; printf %s "$AGENT_URL"`);
    expect(output).toBe(agentUrl);
  });
});

describe("a machine that starts its agent", () => {
  it("gets the agent from the server and runs it with its orders", async () => {
    await boot();
    expect(await startAgent()).toEqual({ code: 0, output: `ran ${machine.root}/${state}/agent.js\n` });
    expect(asked).toEqual([`/agent/v1/agent.js?sha256=${sha256(agent)}`]);
    expect(JSON.parse(machine.read("heard"))).toEqual({
      url,
      stateDir: "/var/lib/onejob/state",
      jobDir: "/var/lib/onejob/job",
      cacheDir: "/var/cache/onejob",
      user: { uid: 1001, gid: 998 },
      aws: { fleet: "ci", region: "eu-west-1" },
      atEnd: "poweroff",
      marker: { ONEJOB_RUNNER: "this-machine" },
    });
  });

  it("gives orders that the agent understands", async () => {
    await boot();
    await startAgent();
    expect((await readBoot(Readable.from([Buffer.from(machine.read("heard"))]))).kind).toBe("boot");
  });

  it("asks for nothing when it has the right agent already", async () => {
    await boot();
    machine.write(`${state}/agent.js`, agent);
    expect((await startAgent()).code).toBe(0);
    expect(asked).toEqual([]);
  });

  it("replaces an agent of another deployment", async () => {
    await boot();
    machine.write(`${state}/agent.js`, "old");
    expect((await startAgent()).code).toBe(0);
    expect(machine.read(`${state}/agent.js`)).toBe(agent);
  });

  it("never runs an agent with another checksum", async () => {
    await boot();
    answer = { status: 200, body: "another" };
    const { code, output } = await startAgent();
    expect(code).not.toBe(0);
    expect(output).toContain("not the one this machine was told to run");
    expect(output).not.toContain("ran ");
    expect(asked).toHaveLength(3);
  });

  it("waits for a server that cannot answer yet", async () => {
    await boot();
    answer = { status: 503, body: "" };
    const started = startAgent();
    while (asked.length < 3) await new Promise((resolve) => setImmediate(resolve));
    answer = { status: 200, body: agent };
    expect((await started).code).toBe(0);
  });

  it("gives up when nobody answers within its patience", async () => {
    await boot({ agentUrl: "http://127.0.0.1:1" });
    const { code, output } = await startAgent({ ONEJOB_PATIENCE: "0" });
    expect(code).not.toBe(0);
    expect(output).toContain("could not be had from the server within 0 s");
  });

  it("gives up when what a job needs could not be installed", async () => {
    await boot();
    machine.write("opt/onejob/bin/install", "#!/bin/sh\nexit 1\n", 0o755);
    const { code } = await machine.bash(`${machine.root}/opt/onejob/bin/start-agent`);
    expect(code).not.toBe(0);
    expect(asked).toEqual([]);
  });

  it.each([
    ["two weeks", 13 * 24 * 3_600, true],
    ["more", 15 * 24 * 3_600, false],
  ])("takes a runner baked within %s for the latest one", async (_name, ageSeconds, isFresh) => {
    await boot();
    const found = Math.floor(Date.now() / 1_000) - ageSeconds;
    const note = {
      releasesUrl: "https://api.github.com",
      version: "2.338.0",
      foundAt: found * 1_000,
      askedAt: found * 1_000,
    };
    machine.write("var/cache/onejob/actions-runner/latest-linux-x64.json", JSON.stringify(note));
    machine.write("opt/onejob/runner-found", String(found));
    await startAgent();
    const kept = JSON.parse(machine.read("var/cache/onejob/actions-runner/latest-linux-x64.json")) as typeof note;
    expect(kept).toEqual({ ...note, foundAt: expect.any(Number) as number, askedAt: expect.any(Number) as number });
    expect(Date.now() - kept.foundAt < 600_000).toBe(isFresh);
  });
});
