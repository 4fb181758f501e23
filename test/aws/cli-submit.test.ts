/** `onejob submit` to a fleet, whatever the size of what goes in and comes out. */
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { until } from "../cli/terminal";
import { bundleWith } from "../entry/http/forms";
import { CliWorld } from "./cli-world";
import { at, bytesOf, json, jsonOf } from "./driven-fleet";
import { useMoto } from "./fleet-world";
import { captured } from "./lines";
import { useMachines } from "./machines";
import { useEc2 } from "./use-ec2";

const url = useMoto();
captured();
const machines = useMachines();
useEc2(url);

let made: CliWorld;
beforeEach(async () => (made = await CliWorld.open(url())));
afterEach(() => made.close());

const taken = (): boolean => made.door.asked.some((asked) => asked.startsWith("GET /api/v1/jobs/"));
const end = (facts: object) => ({
  type: "finished",
  at,
  exitCode: 0,
  signal: null,
  reason: null,
  detail: null,
  ...facts,
});
const left = (): number => readdirSync(tmpdir()).filter((name) => /^onejob-[A-Za-z0-9]{6}$/.test(name)).length;

/** The machine of the job is there and listens. */
async function machine(): Promise<void> {
  await made.fleet.pump();
  await made.fleet.enrol(machines);
  await made.fleet.agent("report", { attempt: 0, events: [{ type: "listening", at }] });
}

async function prints(text: string, offset = 0): Promise<void> {
  const log = { offset, data: Buffer.from(text).toString("base64") };
  await made.fleet.agent("report", { attempt: 1, events: offset === 0 ? [{ type: "started", at }] : [], log });
}

it("streams what the command prints until its end, and ends with the command's own code", async () => {
  writeFileSync(join(made.terminal.cwd, "a.txt"), "hello\n");
  const running = made.terminal.run("submit", "--name", "ä (b)", "--", "make");
  await until(taken);
  await machine();
  await prints("hällo\n");
  await until(() => made.terminal.printed === "hällo\n");
  await prints("again\n", 7);
  await made.fleet.agent("report", { attempt: 1, events: [end({ exitCode: 3 })] });
  const { code, out } = await running;
  expect([code, out]).toEqual([3, "hällo\nagain\n"]);
});

it("takes an empty folder along", async () => {
  const before = left();
  expect(await made.terminal.run("submit", "--detach", "--quiet", "--", "make")).toMatchObject({ code: 0, err: "" });
  await machine();
  expect((await made.fleet.agent("bundle")).statusCode).toBe(200);
  expect(left()).toBe(before);
});

it("sends a folder of 10 MB past the functions, and the machine gets it so", async () => {
  const content = randomBytes(10_000_000);
  writeFileSync(join(made.terminal.cwd, "big"), content);
  const before = left();
  const { code, out } = await made.terminal.run("submit", "--detach", "--output", "json", "--", "make");
  expect(code).toBe(0);
  expect(made.door.asked.slice(0, 2)).toEqual(["POST /api/v1/uploads", "POST /api/v1/jobs"]);
  expect(left()).toBe(before);
  await machine();
  const { key } = JSON.parse(out) as { key: string };
  const { bytes, sha256 } = (await made.world.job(key))?.work?.bundle ?? { bytes: 0, sha256: "" };
  const sent = await made.fleet.agent("bundle");
  expect(sent.statusCode).toBe(307);
  const fetched = Buffer.from(await (await fetch(sent.headers["location"] ?? "")).arrayBuffer());
  expect(fetched.byteLength).toBe(bytes);
  expect(createHash("sha256").update(fetched).digest("hex")).toBe(sha256);
  const again = await made.terminal.run("cancel", key);
  expect(again.code).toBe(0);
});

describe("what was uploaded", () => {
  const offered = async (content: Uint8Array, key = "k-1") => {
    const facts = { bytes: content.byteLength, sha256: createHash("sha256").update(content).digest("hex") };
    const headers = { ...json, "Idempotency-Key": key };
    const answer = await made.fleet.api({ path: "/api/v1/uploads", headers, body: JSON.stringify(facts) });
    return jsonOf<{ upload: string; url: string; headers: Record<string, string> }>(answer);
  };
  const uploaded = async (content: Uint8Array): Promise<string> => {
    const offer = await offered(content);
    const sent = await fetch(offer.url, { method: "PUT", headers: offer.headers, body: Buffer.from(content) });
    expect(sent.status).toBe(200);
    return offer.upload;
  };
  const submit = (upload: string, key = "j-1") =>
    made.fleet.api({
      path: "/api/v1/jobs",
      headers: { ...json, "Idempotency-Key": key },
      body: JSON.stringify({ command: ["make"], upload }),
    });

  it.each([
    ["no archive", Buffer.from("not an archive at all")],
    ["an archive that is cut off", bundleWith("a.txt").subarray(0, 60)],
    ["an archive that leaves its folder", bundleWith("../a.txt")],
    ["something after its end", Buffer.concat([bundleWith("a.txt"), Buffer.from("more")])],
    ["no tar", gzipSync("nothing of the kind")],
  ])("is refused as a bundle of a form is: %s", async (_what, content) => {
    const answer = await submit(await uploaded(content));
    expect(answer.statusCode).toBe(422);
    expect(jsonOf(answer)).toMatchObject({ error: { code: "bundle-refused" } });
    expect(jsonOf(await made.fleet.api({ method: "GET", path: "/api/v1/jobs" }))).toMatchObject({ items: [] });
  });

  it("becomes one job, however often it is asked for", async () => {
    const upload = await uploaded(bundleWith("a.txt"));
    const [first, second] = [await submit(upload), await submit(upload)];
    expect([first.statusCode, second.statusCode]).toEqual([201, 201]);
    expect(jsonOf(first)["key"]).toBe(jsonOf(second)["key"]);
    await machine();
    expect(bytesOf(await made.fleet.agent("bundle")).equals(bundleWith("a.txt"))).toBe(true);
  });

  it("has the same place for each try", async () => {
    const places = [
      await offered(Buffer.from("x")),
      await offered(Buffer.from("x")),
      await offered(Buffer.from("x"), "k-2"),
    ];
    expect(places[0]?.upload).toBe(places[1]?.upload);
    expect(places[0]?.upload).not.toBe(places[2]?.upload);
  });

  it.each([
    { what: "never came", upload: "0".repeat(32), status: 422, code: "bundle-refused" },
    { what: "is no name of one", upload: "../bundles/x", status: 400, code: "bad-request" },
  ])("is missed when it $what", async ({ upload, status, code }) => {
    const answer = await submit(upload);
    expect(answer.statusCode).toBe(status);
    expect(jsonOf(answer)).toMatchObject({ error: { code } });
  });

  it.each([
    [{ bytes: 600 * 1024 * 1024, sha256: "0".repeat(64) }, 422],
    [{ bytes: 0, sha256: "0".repeat(64) }, 400],
    [{ bytes: 1, sha256: "x" }, 400],
  ])("gets no place as %j", async (body, status) => {
    const answer = await made.fleet.api({ path: "/api/v1/uploads", headers: json, body: JSON.stringify(body) });
    expect(answer.statusCode).toBe(status);
  });
});

it("cancels by Ctrl-C, waits for the end, and exits 130", async () => {
  const running = made.terminal.run("submit", "--", "make");
  await until(taken);
  made.terminal.pressCtrlC();
  expect(await running).toMatchObject({ code: 130 });
  expect(made.door.asked.some((asked) => asked.endsWith("/cancel"))).toBe(true);
});

it("leaves at once by Ctrl-C while the folder is still on its way, and no job comes of it", async () => {
  writeFileSync(join(made.terminal.cwd, "big"), randomBytes(6_000_000));
  const running = made.terminal.run("submit", "--", "make");
  made.terminal.pressCtrlC();
  expect(await running).toMatchObject({ code: 130 });
  expect((await made.terminal.run("list", "--quiet")).out).toBe("");
});

it("makes one job of a submission whose first answers were lost", async () => {
  made.door.faults.push("drop", { status: 502, body: "Internal Server Error" });
  expect((await made.terminal.run("submit", "--detach", "--", "make")).code).toBe(0);
  expect((await made.terminal.run("list", "--quiet")).out.trim().split("\n")).toHaveLength(1);
});

it("prints a log of 60 MB whole, in as many answers as it takes", async () => {
  const key = await made.fleet.submit({ command: ["make"] });
  const piece = randomBytes(1_000_000).toString("base64").slice(0, 1_000_000);
  const files = made.world.files();
  for (let n = 0; n < 60; n += 1) await files.appendLog(key, n * piece.length, Buffer.from(piece));
  const { code, out, err } = await made.terminal.run("logs", key);
  expect([code, err, out.length]).toEqual([0, "", 60_000_000]);
  expect(out === piece.repeat(60)).toBe(true);
});
