/** An agent on the server's machine: it speaks over the server's socket, whoever has the server's port meanwhile. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { readBoot } from "../../runtime/agent/boot";
import { job, jobOf, openBench } from "./agent-bench";
import type { Bench } from "./agent-bench";

/** Took the port of a server that is down, and tells everybody to stop. */
interface Squatter {
  readonly url: string;
  connections: number;
  close(): Promise<void>;
}

async function squat(): Promise<Squatter> {
  const server = createServer((_, response) => response.writeHead(409).end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const squatter: Squatter = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  server.on("connection", () => (squatter.connections += 1));
  return squatter;
}

let bench: Bench;
let squatter: Squatter;
let folder: string;
let socket: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onejob-socket-"));
  socket = join(folder, "onejob.sock");
  squatter = await squat();
});
afterEach(async () => {
  await bench.close();
  await squatter.close();
  await rm(folder, { recursive: true, force: true });
});

/** The file names the squatter's address, as it would when the server had that port before. */
async function open(): Promise<void> {
  bench = await openBench({ socket });
  await writeFile(bench.boot.urlFile ?? "", JSON.stringify({ url: squatter.url, pid: 1 }));
}

describe("an agent that is given the server's socket", () => {
  it("survives the server's death during the job and delivers everything over the socket when it is back", async () => {
    await open();
    const { server, boot } = bench;
    const gate = join(bench.folder, "gate");
    server.assignment = job('echo before; while [ ! -e "$GATE" ]; do sleep 0.05; done; echo after; exit 5', {
      env: { GATE: gate },
    });
    const code = bench.run({ idleSilenceMs: 10 }, {}, { url: squatter.url });
    await server.until(() => server.log.toString() === "before\n");
    await server.die();
    await writeFile(gate, "");
    while (existsSync(boot.jobDir)) await new Promise((resolve) => setTimeout(resolve, 10));
    await server.start();
    expect(await code).toBe(0);
    expect(server.log.toString()).toBe("before\nafter\n");
    expect(server.events.map(({ type }) => type)).toEqual(["listening", "started", "finished"]);
    expect(server.finished.exitCode).toBe(5);
    expect(squatter.connections).toBe(0);
  });

  it("never asks at the port, not even before it has enrolled and after it found nobody", async () => {
    await open();
    await bench.server.die();
    expect(await bench.run({ idleSilenceMs: 20 }, {}, { url: squatter.url })).toBe(0);
    expect(squatter.connections).toBe(0);
  });

  it("leaves when it is refused over the socket, and does not look for another server", async () => {
    await open();
    bench.server.plan("enrol", { status: 401 });
    expect(await bench.run({}, {}, { url: squatter.url })).toBe(3);
    expect(squatter.connections).toBe(0);
  });

  it("keeps its connections, and tries a fresh one when a kept one broke", async () => {
    await open();
    const { server } = bench;
    server.assignment = jobOf(["true"]);
    server.plan("report", "drop");
    server.plan("heartbeat", "drop");
    expect(await bench.run()).toBe(0);
    expect(server.has("finished")).toBe(true);
  });

  it.each([7, "", null])("does not begin with the socket %j, which is none", async (wrong) => {
    await open();
    const line = JSON.stringify({ ...bench.boot, socket: wrong });
    expect((await readBoot(Readable.from([Buffer.from(`${line}\n`)]))).kind).toBe("refused");
  });
});
