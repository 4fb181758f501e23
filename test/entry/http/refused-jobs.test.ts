import { bundlePart, bundleWith, form, formType, specPart } from "./forms";
import { closeAll, nothingLeft, startWorld } from "./http-world";

afterEach(closeAll);

const spec = { command: ["make", "test"] };

describe("a spec that is wrong", () => {
  it.each([
    ["command", {}],
    ["command", { command: [] }],
    ["command", { command: "make" }],
    ["command[1]", { command: ["make", 7] }],
    ["command[0]", { command: [""] }],
    ["command[0]", { command: ["a\u0000b"] }],
    ["command", { command: Array.from({ length: 65_537 }, () => "x") }],
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

  it("answers 422 to a folder that is said to be elsewhere, and 404 to who asks for such a place: there is none", async () => {
    const server = await startWorld();
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ ...spec, upload: "0".repeat(32) });
    const answer = await server.ask("/api/v1/jobs", { method: "POST", body, headers });
    expect([answer.status, answer.code]).toEqual([422, "bundle-refused"]);
    const place = JSON.stringify({ bytes: 1, sha256: "0".repeat(64) });
    expect((await server.ask("/api/v1/uploads", { method: "POST", body: place, headers })).status).toBe(404);
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
