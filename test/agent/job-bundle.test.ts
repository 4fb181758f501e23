/** The folder that comes with a job: unpacked where the job starts, or refused before it starts. */
import { createHash } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { create } from "tar";
import { job, openBench } from "./agent-bench";
import type { Bench } from "./agent-bench";

let bench: Bench;
afterEach(() => bench.close());

describe("the packed working folder", () => {
  it("is unpacked where the job starts, also when its transfer breaks at first", async () => {
    const bundle = await pack({ "hello.txt": "hello from the bundle\n" });
    bench = await openBench({ assignment: job("cat hello.txt; ls", { bundle: factsOf(bundle) }), bundle });
    bench.server.plan("bundle", "drop", { status: 503, retryAfter: 0 });
    await bench.run();
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: null });
    expect(bench.server.log.toString()).toBe("hello from the bundle\nhello.txt\n");
    expect(await readdir(bench.boot.stateDir)).not.toContain("bundle");
  });

  it("is fetched from elsewhere where the server sends us there, without the lease, and again where that fails", async () => {
    const bundle = await pack({ "hello.txt": "hello from elsewhere\n" });
    const asked: IncomingHttpHeaders[] = [];
    const store = createServer(({ headers }, response) => {
      asked.push(headers);
      if (asked.length === 1) response.writeHead(403).end("<Error/>");
      else response.end(bundle);
    });
    await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
    const location = `http://127.0.0.1:${(store.address() as AddressInfo).port}/bucket/bundle?X-Amz-Signature=x`;
    bench = await openBench({ assignment: job("cat hello.txt", { bundle: factsOf(bundle) }) });
    const elsewhere = { status: 307, location };
    const nowhere = { status: 307, location: "http://127.0.0.1:1/" };
    bench.server.plan("bundle", elsewhere, nowhere, { status: 307 }, elsewhere);
    await bench.run();
    store.closeAllConnections();
    store.close();
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: null });
    expect(bench.server.log.toString()).toBe("hello from elsewhere\n");
    expect(asked).toHaveLength(2);
    expect(asked.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  it.each([
    ["its checksum is wrong", { sha256: "0".repeat(64) }, "checksum"],
    ["it is larger than announced", { bytes: 10 }, "larger"],
  ])("is refused, and the job never started, when %s", async (_, wrong, detail) => {
    const bundle = await pack({ a: "a" });
    bench = await openBench({ assignment: job("echo ran", { bundle: { ...factsOf(bundle), ...wrong } }), bundle });
    await bench.run();
    expect(bench.server.events.map(({ type }) => type)).toEqual(["listening", "finished"]);
    expect(bench.server.finished).toMatchObject({ exitCode: null, signal: null, reason: "bundle-refused" });
    expect(bench.server.finished.detail).toContain(detail);
  });

  it("is refused when it is no archive", async () => {
    const bundle = Buffer.from("not an archive at all");
    bench = await openBench({ assignment: job("echo ran", { bundle: factsOf(bundle) }), bundle });
    await bench.run();
    expect(bench.server.finished).toMatchObject({ exitCode: null, reason: "bundle-refused" });
    expect(bench.server.finished.detail).not.toBe(null);
  });

  it("is refused when the server does not have it any more", async () => {
    const bundle = await pack({ a: "a" });
    bench = await openBench({ assignment: job("echo ran", { bundle: factsOf(bundle) }), bundle });
    bench.server.plan("bundle", { status: 404 });
    await bench.run();
    expect(bench.server.finished.reason).toBe("bundle-refused");
  });
});

async function pack(files: Readonly<Record<string, string>>): Promise<Buffer> {
  bench = await openBench({});
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(bench.boot.stateDir, name), content);
    return await buffer(create({ gzip: true, portable: true, cwd: bench.boot.stateDir }, Object.keys(files)));
  } finally {
    await bench.close();
  }
}

function factsOf(bundle: Buffer): { readonly bytes: number; readonly sha256: string } {
  return { bytes: bundle.length, sha256: createHash("sha256").update(bundle).digest("hex") };
}
