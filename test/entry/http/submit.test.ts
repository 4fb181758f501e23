import { createHash } from "node:crypto";
import { someProfile, someSettings } from "../../fixtures/records";
import { bundlePart, bundleWith, form, formType, specPart } from "./forms";
import { closeAll, startWorld } from "./http-world";

afterEach(closeAll);

const spec = { command: ["make", "test"] };

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

it("sends a job to the profile it asks for by name", async () => {
  const server = await startWorld({
    settings: someSettings([someProfile(), someProfile({ name: "large", priority: -1 })]),
  });
  expect((await server.submit({ profile: "large" })).profile).toBe("large");
});
