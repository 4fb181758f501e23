import { connect } from "node:net";
import { createHash } from "node:crypto";
import type { Ports } from "../../../runtime/core/ports";
import { someProfile, someSettings } from "../../fixtures/records";
import { bundlePart, bundleWith, form, formType, specPart } from "./forms";
import { closeAll, startWorld, token, type HttpWorld } from "./http-world";

afterEach(closeAll);

const spec = { command: ["make", "test"] };

async function nothingLeft(server: HttpWorld, keys: readonly string[] = server.bundlesStored): Promise<void> {
  expect((await server.ports.ledger.listJobs({ limit: 10 })).items).toEqual([]);
  for (const key of keys) expect(await server.ports.files.openBundle(key)).toBeUndefined();
}

describe("handing in a job", () => {
  it("takes the spec alone as JSON, and answers 201 with the job and where it is", async () => {
    const server = await startWorld();
    const answer = await server.ask("/api/v1/jobs", {
      body: { ...spec, env: { A: "1" }, timeout: "90s", retries: 2, name: "tests", labels: ["Linux"] },
    });
    expect(answer.status).toBe(201);
    const job = answer.json<{ key: string; id: string }>();
    expect(answer.headers.location).toBe(`/api/v1/jobs/${encodeURIComponent(job.key)}`);
    expect(job).toMatchObject({
      key: `api/local/${job.id}`,
      name: "tests",
      state: "queued",
      profile: "small",
      labels: ["Linux"],
    });
    const stored = await server.world.job(job.key);
    expect(stored.work).toEqual({ command: ["make", "test"], env: { A: "1" }, timeoutMs: 90_000, bundle: null });
    expect(stored.retries).toBe(2);
  });

  it("takes a form with spec and bundle, and keeps the bundle byte by byte", async () => {
    const server = await startWorld();
    const bundle = bundleWith("src/main.c");
    const answer = await server.ask("/api/v1/jobs", {
      method: "POST",
      body: form([specPart(spec), bundlePart(bundle)]),
      headers: formType,
    });
    expect(answer.status).toBe(201);
    const { key } = answer.json<{ key: string }>();
    const facts = { bytes: bundle.length, sha256: createHash("sha256").update(bundle).digest("hex") };
    expect((await server.world.job(key)).work?.bundle).toEqual(facts);
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await server.ports.files.openBundle(key)) ?? []) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bundle)).toBe(true);
  });

  it.each([
    ["a field that is not declared as JSON", { name: "spec", content: JSON.stringify(spec) }],
    ["a file", { name: "spec", content: JSON.stringify(spec), fileName: "spec.json", type: "application/json" }],
  ])("takes the spec as %s", async (_, part) => {
    const server = await startWorld();
    const answer = await server.ask("/api/v1/jobs", { method: "POST", body: form([part]), headers: formType });
    expect(answer.status).toBe(201);
  });

  it.each([
    ["a number of seconds", 1.5, 1_500],
    ["a duration", "2m", 120_000],
    ["a time beyond the profile's", "500d", 23_400_000],
  ])("understands a timeout given as %s", async (_, timeout, expected) => {
    const server = await startWorld();
    const { key } = await server.submit({ timeout });
    expect((await server.world.job(key)).work?.timeoutMs).toBe(expected);
  });

  it("makes one job of several requests with the same Idempotency-Key, and keeps the first one's bundle", async () => {
    const server = await startWorld();
    const headers = { ...formType, "idempotency-key": "try-1" };
    const post = (text: string) =>
      server.ask("/api/v1/jobs", {
        method: "POST",
        headers,
        body: form([specPart(spec), bundlePart(bundleWith("a", text))]),
      });
    const answers = [...(await Promise.all([post("one"), post("two")])), await post("three")];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map((answer) => answer.json<{ key: string }>().key)).size).toBe(1);
    const { key } = (answers[0] ?? (await post("x"))).json<{ key: string }>();
    const kept: Uint8Array[] = [];
    for await (const chunk of (await server.ports.files.openBundle(key)) ?? []) kept.push(chunk);
    const sum = createHash("sha256").update(Buffer.concat(kept)).digest("hex");
    expect((await server.world.job(key)).work?.bundle?.sha256).toBe(sum);
  });

  it("uses an Idempotency-Key again after the first try was refused", async () => {
    const server = await startWorld();
    const headers = { ...formType, "idempotency-key": "try-1" };
    const bad = await server.ask("/api/v1/jobs", {
      method: "POST",
      headers,
      body: form([specPart(spec), bundlePart(Buffer.from("x"))]),
    });
    const good = await server.ask("/api/v1/jobs", { method: "POST", headers, body: form([specPart(spec)]) });
    expect([bad.status, good.status]).toEqual([422, 201]);
  });

  it("refuses an Idempotency-Key that is none", async () => {
    const server = await startWorld();
    const headers = { "idempotency-key": "x".repeat(256) };
    expect((await server.ask("/api/v1/jobs", { body: spec, headers })).status).toBe(400);
  });
});

describe("a spec that is wrong", () => {
  it.each([
    ["command", {}],
    ["command", { command: [] }],
    ["command", { command: "make" }],
    ["command[1]", { command: ["make", 7] }],
    ["command[0]", { command: [""] }],
    ["command[0]", { command: ["a\u0000b"] }],
    ["command", { command: Array.from({ length: 1_001 }, () => "x") }],
    ["command", { command: ["x".repeat(131_072)] }],
    ["labels", { ...spec, labels: "linux" }],
    ["labels", { ...spec, labels: Array.from({ length: 21 }, (_, n) => `l${n}`) }],
    ["env", { ...spec, env: ["A=1"] }],
    ["env", { ...spec, env: { "A-B": "1" } }],
    ["env.A", { ...spec, env: { A: 1 } }],
    ["env.A", { ...spec, env: { A: "\u0000" } }],
    ["env", { ...spec, env: Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`V${n}`, ""])) }],
    ["env", { ...spec, env: { A: "x".repeat(131_072) } }],
    ["timeout", { ...spec, timeout: "soon" }],
    ["timeout", { ...spec, timeout: 0 }],
    ["timeout", { ...spec, timeout: -1 }],
    ["timeout", { ...spec, timeout: 1e300 }],
    ["timeout", { ...spec, timeout: true }],
    ["retries", { ...spec, retries: 11 }],
    ["retries", { ...spec, retries: 1.5 }],
    ["retries", { ...spec, retries: "1" }],
    ["name", { ...spec, name: "" }],
    ["name", { ...spec, name: "x".repeat(201) }],
    ["name", { ...spec, name: "a\u001b[2Jb" }],
    ["comand", { ...spec, comand: ["typing error"] }],
  ])("is refused with 400 and the path of what is wrong: %s in %#", async (path, body) => {
    const server = await startWorld();
    const answer = await server.ask("/api/v1/jobs", { body });
    expect([answer.status, answer.code]).toEqual([400, "bad-request"]);
    const { details } = answer.json<{ error: { details: { path: string; what: string }[] } }>().error;
    expect(details[0]?.path).toBe(`spec.${path}`);
    expect(details[0]?.what.length).toBeGreaterThan(5);
    await nothingLeft(server);
  });

  it("is refused in a form by the same rules", async () => {
    const server = await startWorld();
    const answer = await server.ask("/api/v1/jobs", {
      method: "POST",
      body: form([specPart({ command: [] })]),
      headers: formType,
    });
    expect([answer.status, answer.code]).toEqual([400, "bad-request"]);
  });

  it("is refused with 422 for labels that no profile has, and names the nearest", async () => {
    const server = await startWorld();
    const answer = await server.ask("/api/v1/jobs", { body: { ...spec, labels: ["linux", "gpu"] } });
    expect([answer.status, answer.code]).toEqual([422, "bad-label"]);
    expect(answer.text).toContain("gpu");
    expect(answer.text).toContain("small");
  });

  it("is refused with 422 for a profile that is not there", async () => {
    const server = await startWorld();
    const answer = await server.ask("/api/v1/jobs", { body: { ...spec, profile: "huge" } });
    expect([answer.status, answer.code]).toEqual([422, "bad-profile"]);
  });
});

describe("a form that is wrong", () => {
  const bundle = bundleWith("a");
  it.each([
    ["is empty", form([])],
    ["has no spec", form([bundlePart(bundle)])],
    ["has the spec after the bundle", form([bundlePart(bundle), specPart(spec)])],
    ["has a spec that is not JSON", form([{ name: "spec", content: "{nope", type: "application/json" }])],
    ["has a spec that is not JSON either", form([{ name: "spec", content: "{nope" }])],
    ["smuggles a prototype", form([{ name: "spec", content: '{"command":["x"],"env":{"__proto__":"x"}}' }])],
    ["has something else after the spec", form([specPart(spec), { name: "more", content: "x" }])],
    ["has a bundle that is no file", form([specPart(spec), { name: "bundle", content: "x" }])],
    ["has something after the bundle", form([specPart(spec), bundlePart(bundle), { name: "more", content: "x" }])],
    ["has two bundles", form([specPart(spec), bundlePart(bundle), bundlePart(bundle)])],
    ["has no end", form([specPart(spec), bundlePart(bundle)], { open: true })],
    ["has no end after the spec", form([specPart(spec)], { open: true }).subarray(0, 120)],
    ["is no form", Buffer.from("hello")],
  ])("is refused with 400 and leaves nothing when it %s", async (_, body) => {
    const server = await startWorld();
    const answer = await server.ask("/api/v1/jobs", { method: "POST", body, headers: formType });
    expect([answer.status, answer.code]).toEqual([400, "bad-request"]);
    await nothingLeft(server);
  });

  it("is refused with 400 when it names no boundary", async () => {
    const server = await startWorld();
    const headers = { "content-type": "multipart/form-data" };
    expect((await server.ask("/api/v1/jobs", { method: "POST", body: form([specPart(spec)]), headers })).status).toBe(
      400,
    );
  });
});

describe("a bundle that is refused", () => {
  it.each([
    ["no gzip at all", Buffer.from("not a bundle")],
    ["empty", Buffer.alloc(0)],
    ["cut off", bundleWith("a", "x".repeat(5_000)).subarray(0, 60)],
    ["climbing out of its root", bundleWith("../../etc/passwd")],
    ["absolute", bundleWith("/etc/passwd")],
  ])("answers 422, says why, and leaves nothing: %s", async (_, bundle) => {
    const server = await startWorld();
    const answer = await server.ask("/api/v1/jobs", {
      method: "POST",
      body: form([specPart(spec), bundlePart(bundle)]),
      headers: formType,
    });
    expect([answer.status, answer.code]).toEqual([422, "bundle-refused"]);
    expect(server.bundlesStored).toHaveLength(1);
    await nothingLeft(server);
  });

  it("answers 422 with the limit when it is too large, and leaves nothing", async () => {
    const server = await startWorld({ deps: { limits: { bundleBytes: 1_024 } } });
    const body = form([specPart(spec), bundlePart(Buffer.alloc(200_000, 1))]);
    const answer = await server.ask("/api/v1/jobs", { method: "POST", body, headers: formType });
    expect([answer.status, answer.code]).toEqual([422, "bundle-refused"]);
    expect(answer.text).toContain("1 KiB");
    await nothingLeft(server);
  });
});

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

it("sends a job to the profile it asks for by name", async () => {
  const server = await startWorld({
    settings: someSettings([someProfile(), someProfile({ name: "large", priority: -1 })]),
  });
  expect((await server.submit({ profile: "large" })).profile).toBe("large");
});
