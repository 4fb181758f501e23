import { join } from "node:path";
import { jobs } from "../fixtures/api-jobs";
import { Place, until, type Server } from "../fixtures/onejob-process";
import { openFiles, residentMiB } from "../fixtures/process-cost";
import { head, RawClient, type Door } from "../fixtures/raw-client";

jest.setTimeout(90_000);

let place: Place;
const clients: RawClient[] = [];

beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await place.clear();
});

const health = head("GET /health HTTP/1.1", "host: x");

/** 500 through one door, in the four ways in which a connection can be idle. */
async function crowd(door: Door) {
  const silent = await RawClient.many(125, { door });
  const halfOpen = await RawClient.many(125, { door, halfOpen: true });
  const halfSaid = await RawClient.many(125, { door, bytes: "GET /health HTTP/1.1\r\nhost:" });
  const kept = await RawClient.many(125, { door, bytes: health });
  clients.push(...silent, ...halfOpen, ...halfSaid, ...kept);
  return { silent, halfOpen, halfSaid, kept };
}

async function works(): Promise<void> {
  const ran = await place.run(["submit", "--", "sh", "-c", "echo done"], { cwd: place.folder({}) });
  expect(ran).toMatchObject({ code: 0, stdout: "done\n" });
  expect((await place.api("/ready")).status).toBe(200);
}

const doors = (server: Server): readonly Door[] => [
  { host: "127.0.0.1", port: Number(new URL(server.url).port) },
  { path: join(place.dataDir, "sock", "onejob.sock") },
];

describe("500 idle connections at each door", () => {
  it("keep nobody from working, cost little, are ended in time where nothing comes, and leave no open file", async () => {
    const server = await place.serve();
    const pid = server.child.pid ?? 0;
    await works();
    const before = { files: openFiles(pid), memory: residentMiB(pid) };
    const crowds = await Promise.all(doors(server).map(crowd));
    const kept = crowds.flatMap((one) => one.kept);
    await until(() => kept.every(({ received }) => received.includes("200 OK")));
    expect(openFiles(pid)).toBeGreaterThan(before.files + 500);
    await works();
    // Nobody who says nothing, or stops in the middle of a word, stays.
    const idle = crowds.flatMap((one) => [...one.silent, ...one.halfOpen, ...one.halfSaid]);
    await until(() => idle.every(({ isClosed }) => isClosed));
    expect(kept.filter(({ isClosed }) => isClosed)).toEqual([]);
    expect(residentMiB(pid)).toBeLessThan(before.memory + 150);
    for (const client of kept) client.destroy();
    await until(() => openFiles(pid) <= before.files + 5);
    await works();
    expect(await jobs(place)).toHaveLength(3);
    expect(await server.kill("SIGTERM")).toBe(0);
  });

  it("do not hold up a server that is told to stop", async () => {
    const server = await place.serve();
    await Promise.all(doors(server).map(crowd));
    expect(await server.kill("SIGTERM")).toBe(0);
    expect(server.stderr).toContain("server stopped");
    expect(server.stderr).not.toContain("took too long");
  });
});
