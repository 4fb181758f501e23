import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { json } from "node:stream/consumers";
import { readServerInfo, socketPath } from "../../runtime/entry/local/data-dir";
import { localSocket, type LocalSocketOptions } from "../../runtime/entry/local/local-socket";
import { prepareDataDir, writeServerInfo } from "../../runtime/entry/local/server-files";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { HttpWorld, token } from "./http/http-world";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let world: HttpWorld;
let path: string;
const agent = new Agent({ keepAlive: true });

beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, "onejob.sock");
  world = new HttpWorld({});
});
afterEach(async () => {
  agent.destroy();
  await world.app.close();
  await folder.remove();
});

async function serve(options: Partial<LocalSocketOptions> = {}): Promise<void> {
  const door = localSocket({ http: world.app, path, ...options });
  await world.app.listen({ host: "127.0.0.1", port: 0 });
  await door.listen();
}

interface Answered {
  readonly status: number | undefined;
  readonly body: unknown;
}

function ask(at: string, headers: Record<string, string> = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const kept = headers["connection"] === "close" ? false : agent;
    const sent = request({ socketPath: path, path: at, headers, agent: kept }, (response) => {
      json(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    sent.on("error", reject).end();
  });
}

const authorization = `Bearer ${token}`;

describe("the server's socket", () => {
  it("gives the same answers as the port, and asks for the same tokens", async () => {
    await serve();
    expect(await ask("/ready")).toMatchObject({ status: 200, body: { ready: true } });
    expect((await ask("/api/v1/jobs")).status).toBe(401);
    expect(await ask("/api/v1/jobs", { authorization })).toMatchObject({ status: 200, body: { items: [] } });
  });

  it("is for its owner alone", async () => {
    await serve();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("stands alone in a folder of its own, which stays the same: containers have it mounted", async () => {
    path = socketPath(folder.path) ?? "";
    await serve();
    expect(readdirSync(dirname(path))).toEqual(["onejob.sock"]);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    const { ino } = statSync(dirname(path));
    await world.app.close();
    expect(readdirSync(dirname(path))).toEqual([]);
    world = new HttpWorld({});
    await serve();
    expect(statSync(dirname(path)).ino).toBe(ino);
  });

  it("takes the place of one that a killed server left", async () => {
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(`${path}.other`, resolve));
    renameSync(`${path}.other`, path);
    await new Promise((resolve) => dead.close(resolve));
    await serve();
    expect((await ask("/ready")).status).toBe(200);
  });

  it("is gone when the server has closed, with its idle connections", async () => {
    await serve();
    await ask("/ready");
    await world.app.close();
    expect(existsSync(path)).toBe(false);
    await expect(ask("/ready", { connection: "close" })).rejects.toThrow("ENOENT");
  });

  it("ends what is followed over it when the server closes", async () => {
    await serve();
    const followed = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      const headers = { authorization, accept: "text/event-stream" };
      request({ socketPath: path, path: "/api/v1/events", headers, agent }, resolve).on("error", reject).end();
    });
    const ended = new Promise((resolve) => followed.resume().once("end", resolve));
    await world.app.close();
    await ended;
  });

  it("cuts off what does not end by itself", async () => {
    await serve({ closeMs: 1 });
    const cut = new Promise<Error>((resolve) => {
      // A body that never comes.
      const headers = { authorization, "content-type": "application/json", "content-length": "10" };
      const sent = request({ method: "POST", socketPath: path, path: "/api/v1/drain", headers, agent });
      sent.once("error", resolve).flushHeaders();
      world.app.server.once("request", () => void world.app.close());
    });
    expect((await cut).message).toBe("socket hang up");
    await world.app.close();
  });

  it("that cannot be made says which and why", async () => {
    mkdirSync(path);
    await expect(serve()).rejects.toMatchObject({ code: "data-dir-unwritable" });
  });

  it("is done without where the folder's path is too long for one", async () => {
    const long = `/${"d".repeat(82)}`;
    expect(socketPath(long)).toBe(`${long}/sock/onejob.sock`);
    expect(socketPath(`${long}d`)).toBeUndefined();
    expect(socketPath(`/${"ü".repeat(42)}`)).toBeUndefined();
    await serve({ path: undefined });
    expect((await fetch(`http://127.0.0.1:${world.port}/ready`)).status).toBe(200);
  });

  it("is named in server.json beside the address", () => {
    const info = { url: "http://127.0.0.1:1", socket: path, pid: 1, version: "1", startedAt: "2030-01-01T00:00:00Z" };
    writeServerInfo(folder.path, info);
    expect(readServerInfo(folder.path)).toEqual(info);
  });
});

describe("a data folder", () => {
  it("is closed to others when a server takes it", () => {
    const dir = join(folder.path, "data");
    mkdirSync(dir);
    chmodSync(dir, 0o755);
    prepareDataDir(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  const claim =
    process.geteuid?.() === 0
      ? "of another user is refused by a server of root, and stays as it was"
      : "of our own is taken";
  it(claim, () => {
    const dir = join(folder.path, "data");
    mkdirSync(dir);
    chmodSync(dir, 0o750);
    if (process.geteuid?.() !== 0) return prepareDataDir(dir);
    chownSync(dir, 65_534, 65_534);
    expect(() => prepareDataDir(dir)).toThrow(`${dir} belongs to user 65534, and this server runs as root`);
    expect(statSync(dir).mode & 0o777).toBe(0o750);
  });
});
