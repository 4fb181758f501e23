import type { JobEvent, Parsed } from "../../runtime/core/events";
import type { JobSource } from "../../runtime/core/ports";
import { admitEvent } from "../../runtime/flow/admit-events";
import { receiveDelivery } from "../../runtime/flow/receive-delivery";
import { storedDeliveries } from "../../runtime/entry/host/stored-deliveries";
import { apiSource } from "../../runtime/sources/api";
import { World } from "../fakes/flow-world";
import { noon, someFacts, someSettings } from "../fixtures/records";

const origin = { repository: "acme/widgets", run: "1", fork: false };
const named = { key: "forge/example.org/7", source: "forge", host: "example.org", id: "7" };
const facts = someFacts({ ...named, work: null, origin });

/** A source that decides by itself which runner takes which job; what it "receives" is given. */
function forge(parsed: Parsed = { kind: "ignored", reason: "unknown-event" }): JobSource {
  return {
    ...apiSource(),
    name: "forge",
    assigns: false,
    receive: () => Promise.resolve(parsed),
    enrol: () => Promise.resolve({ executor: "github", payload: "", handle: null }),
    cancel: () => Promise.resolve("asked"),
  };
}

let told = 0;
function event(kind: JobEvent["kind"], changes: Partial<JobEvent> = {}): JobEvent {
  told += 1;
  const at = noon + told;
  return { kind, facts, at, receivedAt: at, delivery: `d${told}`, runnerName: null, succeeded: null, ...changes };
}

async function after(...events: readonly JobEvent[]) {
  const world = new World(someSettings(), [forge()]);
  for (const one of events) await admitEvent(one, world.ports);
  await world.pump();
  return { world, job: await world.job(facts.key) };
}

describe("events of a source", () => {
  it("make a job that asks for a machine of its reach", async () => {
    const { world, job } = await after(event("queued"));
    expect(job).toMatchObject({ profile: "small", reach: { source: "forge", host: "example.org", labels: ["linux"] } });
    expect(world.compute.machines).toHaveLength(1);
  });

  it("told twice by one delivery make one job and one machine", async () => {
    const queued = event("queued");
    const { world } = await after(queued, queued);
    expect(world.compute.started).toHaveLength(1);
  });

  it.each([
    ["finished", event("finished", { succeeded: true }), "completed"],
    ["finished badly", event("finished", { succeeded: false }), "failed"],
    ["cancelled", event("cancelled"), "cancelled"],
  ] as const)("that begin with %s leave a tombstone, so that a late queued starts nothing", async (_, first, state) => {
    const { world, job } = await after(first, event("queued"));
    expect(job.state).toBe(state);
    expect(world.compute.started).toEqual([]);
  });

  it("that hold a job back take its demand away, and give it again when it is released", async () => {
    const held = await after(event("waiting"));
    expect(held.job).toMatchObject({ state: "waiting", reason: "waiting-for-approval" });
    expect(held.world.compute.started).toEqual([]);
    await admitEvent(event("queued"), held.world.ports);
    await held.world.pump();
    expect(held.world.compute.started).toHaveLength(1);
  });

  it("that say a job runs take it out of the demand", async () => {
    const { world, job } = await after(event("started"));
    expect(job).toMatchObject({ state: "running" });
    expect(world.compute.started).toEqual([]);
  });

  it.each([[["ubuntu-latest"]], [["self-hosted", "gpu"]], [[]]])(
    "of a job that asks for %j are none of ours",
    async (labels) => {
      const world = new World(someSettings(), [forge()]);
      await admitEvent(event("queued", { facts: { ...facts, labels } }), world.ports);
      await admitEvent(event("finished", { facts: { ...facts, labels }, succeeded: true }), world.ports);
      await world.pump();
      expect(await world.ledger.readJob(facts.key)).toBeUndefined();
      expect([...world.meter.counts]).toEqual([['onejob_webhooks_total{"source":"forge","outcome":"not-ours"}', 2]]);
    },
  );

  it("of a job that fits no profile are kept with the reason, and launch nothing", async () => {
    const world = new World(someSettings(), [forge()]);
    await admitEvent(event("queued", { facts: { ...facts, labels: ["linux", "gpu"] } }), world.ports);
    await world.pump();
    expect(await world.job(facts.key)).toMatchObject({ state: "queued", profile: null, reason: "no-matching-profile" });
    expect(world.compute.started).toEqual([]);
  });
});

describe("a webhook", () => {
  const arrival = (source: string) => ({
    source,
    delivery: { id: "d", headers: {}, body: new Uint8Array(), receivedAt: noon },
    stored: storedDeliveries(),
  });

  it("is answered only after what it says is stored", async () => {
    const world = new World(someSettings(), [forge({ kind: "events", events: [event("queued")] })]);
    const answer = await receiveDelivery(arrival("forge"), world.ports);
    expect(answer).toEqual({ accepted: true, jobs: [facts.key] });
    expect(await world.ports.queue.depth()).toBe(1);
  });

  it.each(["unknown-event", "ignored-ping", "ignored-action", "ignored-scope"] as const)(
    "that holds nothing for us is accepted and ignored as %s",
    async (reason) => {
      const world = new World(someSettings(), [forge({ kind: "ignored", reason })]);
      expect(await receiveDelivery(arrival("forge"), world.ports)).toEqual({ accepted: false, reason });
    },
  );

  it("is a duplicate once its delivery is stored, and not before", async () => {
    const world = new World(someSettings(), [forge({ kind: "events", events: [event("queued")] })]);
    const once = arrival("forge");
    const broken = { ...world.ports, queue: { ...world.ports.queue, send: () => Promise.reject(new Error("full")) } };
    await expect(receiveDelivery(once, broken)).rejects.toThrow("full");
    expect(await receiveDelivery(once, world.ports)).toMatchObject({ accepted: true });
    expect(await receiveDelivery(once, world.ports)).toEqual({ accepted: false, reason: "duplicate" });
  });

  it("to a source that is not configured is not found", async () => {
    const world = new World();
    for (const name of ["nobody", "api"]) {
      await expect(receiveDelivery(arrival(name), world.ports)).rejects.toMatchObject({ code: "not-found" });
    }
  });
});
