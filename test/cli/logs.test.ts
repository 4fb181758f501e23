import type { FakeApi } from "../fakes/api-server";
import type { Terminal } from "./terminal";
import { onFakeServer, until } from "./terminal";

describe("onejob logs", () => {
  let api: FakeApi;
  let terminal: Terminal;
  onFakeServer((made) => ({ api, terminal } = made));

  it("prints what there is and leaves, though the job still runs", async () => {
    const { key, id } = api.addJob({ state: "running" });
    api.log(key, "so far\n");
    expect(await terminal.run("logs", id)).toEqual({ code: 0, out: "so far\n", err: "" });
  });

  it("follows until the job has ended, and exits 0 whatever became of it", async () => {
    const { key, id } = api.addJob({ state: "running" });
    api.log(key, "one\n");
    const running = terminal.run("logs", "-f", id);
    await until(() => api.isFollowed(key));
    api.log(key, "two\n");
    api.end(key, { state: "failed", exitCode: 1 });
    expect(await running).toMatchObject({ code: 0, out: "one\ntwo\n" });
  });

  it("goes on at the byte where the connection broke", async () => {
    const { key, id } = api.addJob({ state: "running" });
    api.log(key, "grün\n");
    const running = terminal.run("logs", "-f", id);
    await until(() => api.isFollowed(key));
    api.breakConnections();
    await until(() => api.requests.filter(({ path }) => path.endsWith("/logs")).length >= 2);
    await until(() => api.isFollowed(key));
    api.log(key, "blau\n");
    api.end(key, { state: "completed", exitCode: 0 });
    const { out, err } = await running;
    expect(out).toBe("grün\nblau\n");
    expect(err).toContain("the server is away");
    expect(err).toContain("the server is back");
    const offsets = api.requests.filter(({ path }) => path.endsWith("/logs")).map(({ query }) => query.offset);
    expect(offsets.slice(0, 2)).toEqual(["0", "6"]);
  });

  it("fetches what was written after the stream ended and before the job did", async () => {
    const { key, id } = api.addJob({ state: "running" });
    const running = terminal.run("logs", "-f", id);
    await until(() => api.isFollowed(key));
    api.end(key, { state: "completed" });
    api.log(key, "last words\n");
    expect((await running).out).toBe("last words\n");
  });

  it("exits 66 when there is no such job, and 69 when the server stays away", async () => {
    expect((await terminal.run("logs", "01nothing")).code).toBe(66);
    const { key, id } = api.addJob({ state: "running" });
    const running = terminal.run("logs", "-f", id);
    await until(() => api.isFollowed(key));
    await api.stop();
    expect((await running).code).toBe(69);
  });
});
