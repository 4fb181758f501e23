import { connect } from "node:net";
import type { Ports } from "../../../runtime/core/ports";
import { bundlePart, bundleWith, form, formType, specPart } from "./forms";
import { closeAll, nothingLeft, startWorld, token } from "./http-world";

afterEach(closeAll);

const spec = { command: ["make", "test"] };

describe("when something breaks on the way", () => {
  it("leaves nothing behind when the client disconnects in the middle of its upload", async () => {
    const server = await startWorld();
    const whole = form([specPart(spec), bundlePart(Buffer.alloc(300_000, 7))]);
    const head = `POST /api/v1/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: ${formType["content-type"]}\r\ncontent-length: ${whole.length}\r\n\r\n`;
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(head);
    socket.write(whole.subarray(0, 200_000));
    await server.storing;
    socket.destroy();
    await server.dropped;
    await nothingLeft(server);
  });

  const failing =
    (part: Partial<Ports["ledger"]> & object) =>
    (ports: Ports): Ports => ({ ...ports, ledger: { ...ports.ledger, ...part } });

  it("answers 503 and drops the bundle when the job cannot be stored", async () => {
    const server = await startWorld({ ports: failing({ createJob: () => Promise.reject(new Error("disk full")) }) });
    const answer = await server.ask("/api/v1/jobs", {
      method: "POST",
      body: form([specPart(spec), bundlePart(bundleWith("a"))]),
      headers: formType,
    });
    expect([answer.status, answer.code, answer.headers["retry-after"]]).toEqual([503, "not-stored", "5"]);
    expect(answer.text).not.toContain("disk full");
    expect(server.bundlesStored).toHaveLength(1);
    await nothingLeft(server);
  });

  it("answers the job, and keeps its bundle, when it was stored although the answer to that was lost", async () => {
    const server = await startWorld({
      ports: (ports) =>
        failing({
          createJob: async (job) => {
            await ports.ledger.createJob(job);
            throw new Error("no answer");
          },
        })(ports),
    });
    const answer = await server.ask("/api/v1/jobs", {
      method: "POST",
      body: form([specPart(spec), bundlePart(bundleWith("a"))]),
      headers: formType,
    });
    expect(answer.status).toBe(201);
    expect(await server.ports.files.openBundle(answer.json<{ key: string }>().key)).toBeDefined();
  });

  it("answers 503 when the bundle cannot be written", async () => {
    const server = await startWorld({
      ports: (ports) => ({ ...ports, files: { ...ports.files, putBundle: () => Promise.reject(new Error("ENOSPC")) } }),
    });
    const answer = await server.ask("/api/v1/jobs", {
      method: "POST",
      body: form([specPart(spec), bundlePart(bundleWith("a"))]),
      headers: formType,
    });
    expect([answer.status, answer.code]).toEqual([503, "not-stored"]);
    await nothingLeft(server);
  });

  it("takes nothing while the server goes down", async () => {
    const server = await startWorld();
    server.accepting = false;
    const answer = await server.ask("/api/v1/jobs", { body: spec });
    expect([answer.status, answer.code, answer.headers["retry-after"]]).toEqual([503, "not-accepting", "5"]);
  });

  it("lets the refusal arrive although the client is still sending", async () => {
    const server = await startWorld();
    const large = bundlePart(Buffer.alloc(8 * 1024 * 1024, 7));
    const post = (spec: unknown, bearer: string | null = token) =>
      server.ask("/api/v1/jobs", { method: "POST", body: form([specPart(spec), large]), headers: formType, bearer });
    expect((await post({ ...spec, labels: ["gpu"] })).code).toBe("bad-label");
    expect((await post({ command: [] })).code).toBe("bad-request");
    expect((await post(spec, null)).code).toBe("unauthorised");
    expect((await server.ask("/api/v1/drain", { body: { x: "y".repeat(8 * 1024 * 1024) } })).code).toBe(
      "body-too-large",
    );
    await nothingLeft(server);
  });

  it.each([["text/plain"], ["application/x-www-form-urlencoded"], ["nonsense"]])(
    "refuses the content type %s with 415",
    async (type) => {
      const server = await startWorld();
      const answer = await server.ask("/api/v1/jobs", {
        method: "POST",
        body: "command=x",
        headers: { "content-type": type },
      });
      expect([answer.status, answer.code]).toEqual([415, "bad-media-type"]);
    },
  );

  it("refuses a spec that is too large with 413, as JSON and in a form", async () => {
    const server = await startWorld();
    const body = { command: ["x"], name: "y".repeat(3 * 1024 * 1024) };
    const asJson = await server.ask("/api/v1/jobs", { body });
    const asForm = await server.ask("/api/v1/jobs", {
      method: "POST",
      body: form([{ name: "spec", content: JSON.stringify(body) }]),
      headers: formType,
    });
    expect([asJson.status, asJson.code]).toEqual([413, "body-too-large"]);
    expect([asForm.status, asForm.code]).toEqual([413, "body-too-large"]);
  });
});
