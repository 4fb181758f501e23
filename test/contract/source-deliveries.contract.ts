/** The part of the JobSource contract about webhooks: whose word is believed, what it says, what is lost of it. */
import type { JobEvent } from "../../runtime/core/events";
import type { Delivery } from "../../runtime/core/ports";
import { bringTo, named, told, type Stand } from "./source-stands";
import { expectTrouble } from "./source-trouble.contract";
import { farOf, queueOne, type Bench, type SourceWorld, type Webhooks } from "./source-world";

function webhooksOf(world: SourceWorld): Webhooks {
  const { webhooks } = farOf(world);
  if (webhooks === null) throw new Error("there are no webhooks: state it in `skip`");
  return webhooks;
}

async function heard(world: SourceWorld): Promise<readonly JobEvent[]> {
  const deliveries = await webhooksOf(world).arrived();
  const parsed = await Promise.all(deliveries.map((delivery) => world.source.receive(delivery)));
  return parsed.flatMap((one) => (one.kind === "events" ? one.events : []));
}

/** One that tells of a job. */
async function jobDelivery(world: SourceWorld): Promise<Delivery> {
  queueOne(world);
  for (const delivery of await webhooksOf(world).arrived())
    if ((await world.source.receive(delivery)).kind === "events") return delivery;
  throw new Error("no job was told of");
}

const bytes = (text: string) => new TextEncoder().encode(text);

export function receiveContract(bench: Bench): void {
  it.each<[Stand, readonly JobEvent["kind"][]]>([
    ["queued", ["queued"]],
    // A forge may first say "queued" of what it holds back.
    ["approved", ["waiting", "queued"]],
    ["succeeded", ["queued", "started", "finished"]],
    ["failed", ["queued", "started", "finished"]],
    ["cancelled", ["queued", "cancelled"]],
  ])("hears every step of a job until it is %s", async (stand, kinds) => {
    const world = bench();
    const job = await bringTo(stand, world);
    const events = await heard(world);
    expect(events.slice(-kinds.length).map(({ kind }) => kind)).toEqual(kinds);
    expect(events.at(-1)).toMatchObject(told[stand]);
    for (const event of events) expect(named(event.facts)).toEqual(named(job));
    expect(new Set(events.map(({ delivery }) => delivery)).size).toBe(events.length);
  });

  it("hears of a job what it finds when it asks", async () => {
    const world = bench();
    queueOne(world);
    const [asked, ...more] = await world.source.findJobs([]);
    const [event] = await heard(world);
    expect(more).toEqual([]);
    expect({ ...event?.facts, origin: null }).toEqual({ ...asked?.facts, origin: null });
  });

  it("makes the same of the same bytes, and the same delivery of one that comes twice", async () => {
    const world = bench();
    const delivery = await jobDelivery(world);
    expect(await world.source.receive(delivery)).toEqual(await world.source.receive(delivery));
    await webhooksOf(world).fate("doubled");
    const job = queueOne(world);
    const ids = (await heard(world)).filter(({ facts }) => facts.id === job.id).map(({ delivery: id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
  });

  it("refuses a body of which a single byte was changed, added or taken away", async () => {
    const world = bench();
    const delivery = await jobDelivery(world);
    const { body } = delivery;
    const changed = (at: number) => body.map((byte, index) => (index === at ? byte ^ 1 : byte));
    const forged = [changed(0), changed(body.length >> 1), changed(body.length - 1), body.slice(1), body.slice(0, -1)];
    for (const other of [...forged, Uint8Array.from([...body, 32]), new Uint8Array()])
      await expect(world.source.receive({ ...delivery, body: other })).rejects.toMatchObject({ code: "bad-signature" });
  });

  it.each(["wrongly", "not at all"] as const)("refuses what is signed %s, before it reads it", async (signed) => {
    const world = bench();
    const { body } = await jobDelivery(world);
    for (const content of [body, bytes("{"), bytes("")]) {
      const delivery = webhooksOf(world).madeUp(content, signed);
      await expect(world.source.receive(delivery)).rejects.toMatchObject({ code: "bad-signature" });
    }
  });

  it.each(["", "{", "null", "[]", "{}", '{"action":"queued"}', "\u0000"])(
    "says bad-request to %j, though it is signed",
    async (text) => {
      const world = bench();
      const delivery = webhooksOf(world).madeUp(bytes(text), "rightly");
      await expect(world.source.receive(delivery)).rejects.toMatchObject({ code: "bad-request" });
    },
  );

  it("says nothing of what it was sent, nor of the secret, in its refusals", async () => {
    const world = bench();
    const delivery = webhooksOf(world).madeUp(bytes('{"action":"s3cret-content"'), "rightly");
    await expect(world.source.receive(delivery)).rejects.not.toThrow("s3cret");
  });

  it("needs nobody but itself, so that a forge that is down is heard", async () => {
    const world = bench();
    const delivery = await jobDelivery(world);
    farOf(world).break("is down");
    expect(await world.source.receive(delivery)).toMatchObject({ kind: "events" });
  });
}

export function redeliverLostContract(bench: Bench): void {
  const longEnough = 60_000;

  it("has nothing to do where all arrived", async () => {
    const world = bench();
    await bringTo("succeeded", world);
    expect(await heard(world)).not.toEqual([]);
    farOf(world).pass(longEnough);
    expect(await world.source.redeliverLost()).toBe(0);
  });

  it.each(["lost", "refused"] as const)("sends again what was %s, once, and nothing else", async (fate) => {
    const world = bench();
    const webhooks = webhooksOf(world);
    const arrived = queueOne(world);
    await webhooks.fate(fate);
    const lost = queueOne(world);
    expect((await heard(world)).map(({ facts }) => facts.id)).toEqual([arrived.id]);
    await webhooks.fate("sent");
    farOf(world).pass(longEnough);
    expect(await world.source.redeliverLost()).toBeGreaterThan(0);
    expect((await heard(world)).map(({ facts }) => facts.id)).toEqual([arrived.id, lost.id]);
    farOf(world).pass(longEnough);
    expect(await world.source.redeliverLost()).toBe(0);
  });

  it("sends again what was lost a second time", async () => {
    const world = bench();
    const webhooks = webhooksOf(world);
    await webhooks.fate("refused");
    const job = queueOne(world);
    await webhooks.arrived();
    farOf(world).pass(longEnough);
    expect(await world.source.redeliverLost()).toBeGreaterThan(0);
    expect(await heard(world)).toEqual([]);
    await webhooks.fate("sent");
    farOf(world).pass(longEnough);
    expect(await world.source.redeliverLost()).toBeGreaterThan(0);
    expect((await heard(world)).map(({ facts }) => facts.id)).toEqual([job.id]);
  });

  // Nobody needs a right to ask for what was sent to himself.
  it.each(["is down", "hangs up", "loses answers", "is asked too much"] as const)(
    "says so when the far side %s, and works again afterwards",
    async (trouble) => {
      const world = bench();
      await expectTrouble(trouble, { world, call: () => world.source.redeliverLost() });
      expect(await world.source.redeliverLost()).toBe(0);
    },
  );
}
