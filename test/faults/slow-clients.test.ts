import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allEnded, isRunning, jobs, post } from "../fixtures/api-jobs";
import { GithubPlace } from "../fixtures/github-place";
import { until, type Place, type Server } from "../fixtures/onejob-process";
import { openFiles, residentMiB } from "../fixtures/process-cost";
import { head, RawClient, type Door } from "../fixtures/raw-client";

jest.setTimeout(150_000);

let github: GithubPlace;
const clients: RawClient[] = [];

beforeEach(async () => {
  github = await GithubPlace.open({ auth: "app", intake: "webhook", scopes: ["acme"], maxRunners: 2 });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await github.close();
});

const megabytes = 8;

async function works(place: Place): Promise<void> {
  const ran = await place.run(["submit", "--", "sh", "-c", "echo done"], { cwd: place.folder({}) });
  expect(ran).toMatchObject({ code: 0, stdout: "done\n" });
}

/** Requests that are sent, or read, too slowly ever to end; by what is slow about them. */
function slowRequests(
  place: Place,
  longLog: string,
): Readonly<Record<string, Omit<Parameters<typeof RawClient.open>[0], "door">>> {
  const token = readFileSync(join(place.dataDir, "token"), "utf8").trim();
  const authorised = ["host: x", `authorization: Bearer ${token}`];
  const form = "content-type: multipart/form-data; boundary=slow";
  const part = '--slow\r\ncontent-disposition: form-data; name="spec"\r\n\r\n{"command":["';
  const submit = head("POST /api/v1/jobs HTTP/1.1", ...authorised, form, "content-length: 1000000");
  const byte = { bytes: "x", everyMs: 500 };
  return {
    "a head": { bytes: "GET /health HTTP/1.1\r\nx-slow: ", trickle: byte },
    "the body of a webhook": {
      bytes: head("POST /webhooks/gh HTTP/1.1", "host: x", "content-type: application/json", "content-length: 1000"),
      trickle: byte,
    },
    "the body of an agent": {
      bytes: head("POST /agent/v1/enrol HTTP/1.1", "host: x", "content-type: application/json", "content-length: 1000"),
      trickle: byte,
    },
    "a submit": { bytes: submit + part, trickle: byte },
    "a submit that stands still": { bytes: submit + part },
    "a submit as JSON": {
      bytes: head(
        "POST /api/v1/jobs HTTP/1.1",
        ...authorised,
        "content-type: application/json",
        "content-length: 9999",
      ),
      trickle: byte,
    },
    "the reading of a log": { bytes: head(`GET /api/v1/jobs/${longLog}/logs HTTP/1.1`, ...authorised), reads: false },
    "the reading of a log that is followed": {
      bytes: head(`GET /api/v1/jobs/${longLog}/logs?follow=true HTTP/1.1`, ...authorised),
      reads: false,
    },
    "the reading of events": { bytes: head("GET /api/v1/events HTTP/1.1", ...authorised), reads: false },
  };
}

/** Enough to fill whatever lies between the server and a client that does not read. None of these jobs runs. */
async function makeEvents(place: Place): Promise<void> {
  const gate = place.openTo("gate");
  const waits = `until [ -s '${gate}' ]; do sleep 0.1; done`;
  for (const name of ["first in the way", "second in the way"]) await post(place, { name, script: waits });
  await until(async () => (await jobs(place)).filter(isRunning).length === 2);
  for (let index = 0; index < 250; index += 1) {
    const id = await post(place, { name: `${index} ${"x".repeat(150)}`, script: "true" });
    expect((await place.api(`/api/v1/jobs/${id}/cancel`, { method: "POST" })).status).toBe(202);
  }
  writeFileSync(gate, "open");
  await until(() => allEnded(place));
}

describe("clients that send a byte now and then, or read nothing", () => {
  it("cost little, keep nobody from working, and are all ended in time", async () => {
    const server: Server = await github.serve();
    const { place } = github;
    const pid = server.child.pid ?? 0;
    const longLog = await post(place, { name: "long", script: `head -c ${megabytes}000000 /dev/zero | tr '\\0' x` });
    await until(() => allEnded(place));
    const before = { files: openFiles(pid), memory: residentMiB(pid) };
    // The buffers of this door are small, so that a client that does not read is felt soon.
    const door: Door = { path: join(place.dataDir, "sock", "onejob.sock") };
    const slow = Object.entries(slowRequests(place, longLog));
    for (const [, options] of slow) clients.push(...(await RawClient.many(25, { door, ...options })));
    await makeEvents(place);
    await works(place);
    const job = github.fake.queueJob("acme/widgets", { labels: ["self-hosted", "linux"] });
    await until(() => github.fake.job(job.id).status === "completed");
    expect(residentMiB(pid)).toBeLessThan(before.memory + 200);
    // Whoever does not read does not notice either: what the server has open tells.
    await until(() => clients.every(({ isClosed, reads }) => isClosed || !reads));
    await until(() => allEnded(place));
    await until(() => openFiles(pid) <= before.files + 5);
    expect((await jobs(place)).filter(({ state }) => !["completed", "cancelled"].includes(state))).toEqual([]);
    expect(residentMiB(pid)).toBeLessThan(before.memory + 200);
    expect(await server.kill("SIGTERM")).toBe(0);
  });
});
