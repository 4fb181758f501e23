import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { IncomingMessage } from "node:http";
import type { Files } from "../../../runtime/core/ports";
import { applyToJob } from "../../../runtime/flow/moves";
import { closeAll, startWorld, type HttpWorld } from "./http-world";

afterEach(closeAll);

const logPath = (key: string, query = "") => `/api/v1/jobs/${encodeURIComponent(key)}/logs${query}`;

async function print(server: HttpWorld, key: string, words: string): Promise<void> {
  await server.ports.files.appendLog(key, await server.ports.files.logSize(key), Buffer.from(words));
}

async function end(server: HttpWorld, key: string): Promise<void> {
  await applyToJob(
    await server.world.job(key),
    () => ({ event: "cancelled", at: server.world.clock.now(), reason: "cancelled-by-user", exitCode: null }),
    server.ports,
  );
}

async function nextChunk(message: IncomingMessage): Promise<string> {
  return new Promise((resolve) => message.once("data", (chunk: Buffer) => resolve(chunk.toString())));
}

/** Resolves when nobody listens to changes any more. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe("GET /api/v1/jobs/{job}/logs", () => {
  it("answers what was printed as plain text, and how much that is", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    await print(server, key, "héllo\n");
    const answer = await server.ask(logPath(key));
    expect([answer.status, answer.text]).toEqual([200, "héllo\n"]);
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(answer.headers["x-onejob-log-size"]).toBe("7");
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    expect(answer.headers["x-request-id"]).toBeDefined();
  });

  it("begins at the offset asked for, and is empty beyond the end", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    expect((await server.ask(logPath(key))).text).toBe("");
    await print(server, key, "0123456789");
    expect((await server.ask(logPath(key, "?offset=7"))).text).toBe("789");
    expect((await server.ask(logPath(key, "?offset=10"))).text).toBe("");
    expect((await server.ask(logPath(key, "?offset=99"))).text).toBe("");
  });

  it("sends a log of many chunks whole", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    const whole = Array.from({ length: 40_000 }, (_, n) => `line ${n}\n`).join("");
    await print(server, key, whole);
    expect((await server.ask(logPath(key))).text === whole).toBe(true);
  });

  it("is cut off for a client that reads nothing of it, and goes on for one that does", async () => {
    // More than the buffers of a connection hold.
    const size = 64 * 1024 * 1024;
    const readLog: Files["readLog"] = async (_job, offset, limit) => Buffer.alloc(Math.min(limit, size - offset));
    const server = await startWorld({
      deps: { limits: { unreadMs: 1_000 } },
      ports: (ports) => ({ ...ports, files: { ...ports.files, readLog } }),
    });
    const { key } = await server.submit();
    const [deaf, slow] = [await server.open(logPath(key)), await server.open(logPath(key))];
    const cutOff = once(deaf, "error");
    let [bytes, pauses] = [0, 0];
    for await (const chunk of slow as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes < (pauses + 1) * 8 * 1024 * 1024) continue;
      pauses += 1;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect([bytes, pauses]).toEqual([size, 8]);
    deaf.resume();
    await cutOff;
  });

  it.each([["offset=-1"], ["offset=x"], ["offset=1.5"], ["offset=99999999999999999999"], ["follow=perhaps"]])(
    "refuses the query %s with 400",
    async (query) => {
      const server = await startWorld();
      const { key } = await server.submit();
      expect((await server.ask(logPath(key, `?${query}`))).code).toBe("bad-request");
    },
  );
});

describe("following a log", () => {
  it("sends the head at once, then each piece as it is printed, and ends when the job has ended and all was sent", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    const message = await server.open(logPath(key, "?follow=true"));
    expect(message.statusCode).toBe(200);
    const first = nextChunk(message);
    await print(server, key, "one\n");
    expect(await first).toBe("one\n");
    const second = nextChunk(message);
    await print(server, key, "two\n");
    expect(await second).toBe("two\n");
    const rest = text(message);
    await print(server, key, "three\n");
    await end(server, key);
    expect(await rest).toBe("three\n");
  });

  it("ends at once, with everything, for a job that has ended", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    await print(server, key, "all\n");
    await end(server, key);
    expect((await server.ask(logPath(key, "?follow=true&offset=1"))).text).toBe("ll\n");
  });

  it("looks by itself after a while, should a change not have been told", async () => {
    const server = await startWorld({ deps: { limits: { recheckMs: 10 } } });
    const { key } = await server.submit();
    const message = await server.open(logPath(key, "?follow=true"));
    const first = nextChunk(message);
    await server.world.files.appendLog(key, 0, Buffer.from("untold\n"));
    expect(await first).toBe("untold\n");
    message.destroy();
  });

  it("notices a client that leaves, and keeps nothing of it", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    const before = server.listeners;
    const message = await server.open(logPath(key, "?follow=true"));
    await until(() => server.listeners > before);
    message.destroy();
    await until(() => server.listeners === before);
    expect(server.listeners).toBe(before);
  });

  it("ends when the server closes, so that the client comes again", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    const message = await server.open(logPath(key, "?follow=true"));
    const rest = text(message);
    const closed = server.app.close();
    expect(await rest).toBe("");
    await closed;
  });
});
