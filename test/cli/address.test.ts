import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { serverAddress } from "../../runtime/cli/server-address";
import { dataDir, readServerInfo, readToken } from "../../runtime/entry/local/data-dir";
import { FakeApi } from "../fakes/api-server";
import { asNobody } from "../fixtures/as-nobody";
import { onFakeServer, Terminal } from "./terminal";

describe("where the data folder is", () => {
  const home = "/home/me";
  it.each([
    ["the flag before all else", { flag: "/a", env: { ONEJOB_DATA_DIR: "/b", XDG_STATE_HOME: "/c" } }, "/a"],
    ["then ONEJOB_DATA_DIR", { env: { ONEJOB_DATA_DIR: "/b", XDG_STATE_HOME: "/c" } }, "/b"],
    ["then the XDG state folder", { env: { ONEJOB_DATA_DIR: "", XDG_STATE_HOME: "/c" } }, "/c/onejob"],
    ["a relative XDG state folder is ignored", { env: { XDG_STATE_HOME: "c" } }, "/home/me/.local/state/onejob"],
    ["else the home folder", { env: {} }, "/home/me/.local/state/onejob"],
    ["a relative flag starts at the working folder", { flag: "x", env: {}, cwd: "/w" }, "/w/x"],
  ])("%s", (_claim, query, expected) => {
    expect(dataDir({ home, ...query })).toBe(expected);
  });
});

describe("which server, and which token", () => {
  let api: FakeApi;
  let terminal: Terminal;
  onFakeServer((made) => ({ api, terminal } = made));

  it("finds the server by server.json and its token beside it", async () => {
    expect((await terminal.run("list")).code).toBe(0);
    expect(readServerInfo(terminal.dataDir)?.url).toBe(api.url);
    expect(readToken(terminal.dataDir)).toBe("fake-token");
  });

  it("takes a server.json that is half written as none", () => {
    writeFileSync(join(terminal.dataDir, "server.json"), '{"url":"http');
    expect(readServerInfo(terminal.dataDir)).toBeNull();
  });

  it("prefers --url to ONEJOB_URL, and ONEJOB_URL to server.json", async () => {
    rmSync(join(terminal.dataDir, "server.json"));
    terminal.env = { ...terminal.env, ONEJOB_URL: "http://127.0.0.1:1" };
    expect((await terminal.run("list")).code).toBe(69);
    expect((await terminal.run("list", "--url", api.url)).code).toBe(0);
    terminal.env = { ...terminal.env, ONEJOB_URL: api.url };
    expect((await terminal.run("list")).code).toBe(0);
  });

  it("prefers --token-file to ONEJOB_TOKEN, and ONEJOB_TOKEN to the data folder", async () => {
    terminal.env = { ...terminal.env, ONEJOB_TOKEN: "wrong" };
    expect((await terminal.run("list")).code).toBe(77);
    writeFileSync(join(terminal.cwd, "t"), "fake-token\n");
    expect((await terminal.run("list", "--token-file", "t")).code).toBe(0);
  });

  it("exits 77 for a token file that cannot be read or is empty, and shows no token", async () => {
    expect((await terminal.run("list", "--token-file", "missing")).code).toBe(77);
    // It never ends.
    expect((await terminal.run("list", "--token-file", "/dev/zero")).code).toBe(77);
    writeFileSync(join(terminal.cwd, "t"), "two lines\nof secret");
    const { code, err } = await terminal.run("list", "--token-file", "t", "--debug");
    expect(code).toBe(77);
    expect(err).not.toContain("secret");
  });

  it("exits 77 for a damaged token in the data folder, and shows nothing of it", async () => {
    writeFileSync(join(terminal.dataDir, "token"), "s\u00e9cret\0");
    const { code, err } = await terminal.run("list", "--debug");
    expect([code, err.includes("cret")]).toEqual([77, false]);
  });

  it("never sends the default data folder's token to another machine", () => {
    const io = { env: {}, home: terminal.folder, cwd: terminal.cwd };
    const named = { url: "https://ci.example.com", dataDir: terminal.dataDir };
    const asked = { method: "GET", url: new URL(named.url), headers: {}, body: null };
    expect(serverAddress(named, io).proof(asked)).toEqual({ authorization: "Bearer fake-token" });
    const state = { ...io, env: { XDG_STATE_HOME: terminal.folder } };
    chmodSync(terminal.folder, 0o700);
    expect(serverAddress({ url: "https://ci.example.com" }, state).proof(asked)).toEqual({});
  });

  it("exits 69 and says what to do when no server runs", async () => {
    rmSync(join(terminal.dataDir, "server.json"));
    const { code, err, out } = await terminal.run("list");
    expect(code).toBe(69);
    expect(err).toContain(terminal.dataDir);
    expect(err).toContain("onejob serve");
    expect(out).toBe("");
  });

  it("exits 69 when server.json names a server that is dead", async () => {
    await api.stop();
    const { code, err } = await terminal.run("list");
    expect(code).toBe(69);
    expect(err).toContain("nothing listens there");
  });

  it("exits 69 when something else than a Onejob server answers", async () => {
    api.replyNext("GET /api/v1/jobs", { status: 502, body: "<html>" });
    expect((await terminal.run("list")).code).toBe(69);
  });

  it("keeps the path of an address behind a proxy", async () => {
    api.answers.set("GET /ci/api/v1/jobs", { items: [], nextCursor: null });
    expect((await terminal.run("list", "--url", `${api.url}/ci/`)).code).toBe(0);
  });

  it("exits 2 on an address that is none", async () => {
    expect((await terminal.run("list", "--url", "localhost:7433")).code).toBe(2);
  });

  it("shows exchanges with --debug, but never the token", async () => {
    const { err } = await terminal.run("list", "--debug");
    expect(err).toContain("GET");
    expect(err).toContain("/api/v1/jobs");
    expect(err).not.toContain("fake-token");
  });
});

describe("a server that has a socket in its data folder", () => {
  /** Whoever took the server's port; it would answer, and keep the token. */
  let squatter: FakeApi;
  let api: FakeApi;
  let terminal: Terminal;
  let socket: string;

  beforeEach(async () => {
    squatter = await new FakeApi().start();
    terminal = new Terminal();
    socket = join(terminal.dataDir, "onejob.sock");
    api = await new FakeApi().start(socket);
    terminal.serves(squatter, socket);
  });
  afterEach(async () => {
    await api.stop();
    await squatter.stop();
    terminal.remove();
  });

  it("is asked there, and its port gets nothing", async () => {
    expect((await terminal.run("list")).code).toBe(0);
    expect((await terminal.run("submit", "--detach", "--", "true")).code).toBe(0);
    expect(api.requests[0]?.headers.authorization).toBe("Bearer fake-token");
    expect(squatter.requests).toEqual([]);
  });

  it("is followed over its socket too", async () => {
    const job = api.addJob();
    api.log(job.key, "some output\n");
    api.end(job.key, { state: "completed", exitCode: 0 });
    expect(await terminal.run("logs", job.id)).toMatchObject({ code: 0, out: "some output\n" });
    expect(squatter.requests).toEqual([]);
  });

  it.each([
    ["is gone", async () => undefined],
    ["was left by a server that was killed", () => leaveDead(socket)],
  ])("exits 69 and sends nothing to the port when the socket %s", async (_, leave) => {
    await api.stop();
    await leave();
    const { code, err } = await terminal.run("list");
    expect(code).toBe(69);
    expect(err).toContain(`${socket} (from ${terminal.dataDir}/server.json): nothing listens there`);
    expect(err).toContain("onejob serve");
    expect(squatter.requests).toEqual([]);
  });

  it("exits 69 and says so when this user may not connect to it", async () => {
    chmodSync(terminal.folder, 0o755);
    chmodSync(terminal.dataDir, 0o755);
    chmodSync(join(terminal.dataDir, "token"), 0o644);
    chmodSync(socket, 0);
    await asNobody(async () => {
      const { code, err } = await terminal.run("list");
      expect(code).toBe(69);
      expect(err).toContain("this user may not connect to it");
    });
    expect(squatter.requests).toEqual([]);
  });

  it("is asked over TCP by whoever names an address", async () => {
    expect((await terminal.run("list", "--url", squatter.url)).code).toBe(0);
    terminal.env = { ...terminal.env, ONEJOB_URL: squatter.url };
    expect((await terminal.run("list")).code).toBe(0);
    expect(squatter.requests.length).toBe(2);
    expect(api.requests).toEqual([]);
  });

  it("is not looked for at its port when server.json names a socket that makes no sense", () => {
    writeFileSync(join(terminal.dataDir, "server.json"), JSON.stringify({ url: squatter.url, pid: 1, socket: 7 }));
    expect(readServerInfo(terminal.dataDir)).toBeNull();
  });
});

/** A socket's file with nobody behind it: what `kill -9` leaves. */
async function leaveDead(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.other`, resolve));
  renameSync(`${path}.other`, path);
  await new Promise((resolve) => server.close(resolve));
}
