import { OnejobError } from "../../../runtime/core/errors";
import type { Ports } from "../../../runtime/core/ports";
import { boundedPorts } from "../../../runtime/entry/lambda/bounded-ports";
import { choreTimes } from "../../../runtime/entry/lambda/chore-times";
import { takeLease } from "../../../runtime/entry/lambda/sweep-lease";
import { nodeRandom } from "../../../runtime/entry/host/node-random";
import { SetClock } from "../../contract/ledger.contract";
import { MemoryLedger } from "../../fakes/memory-ledger";
import { noon } from "../../fixtures/records";

const minute = 60_000;

class Bench {
  readonly clock = new SetClock();
  readonly ledger = new MemoryLedger({ clock: this.clock, retentionMs: () => minute });
  readonly ports = { clock: this.clock, ledger: this.ledger, random: nodeRandom };
}

describe("the lease of a sweep", () => {
  let bench: Bench;
  beforeEach(() => {
    jest.useFakeTimers();
    bench = new Bench();
  });
  afterEach(() => jest.useRealTimers());
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      bench.clock.set(bench.clock.now() + 1_000);
      await jest.advanceTimersByTimeAsync(1_000);
    }
  };

  it("is held by one of those who ask at once", async () => {
    const leases = await Promise.all([takeLease(bench.ports), takeLease(bench.ports), takeLease(bench.ports)]);
    expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  it("is held for as long as its holder goes on", async () => {
    const lease = await takeLease(bench.ports);
    for (let minutes = 0; minutes < 10; minutes++) {
      await pass(minute);
      expect(lease?.holds()).toBe(true);
      expect(await takeLease(bench.ports)).toBeUndefined();
    }
    lease?.release();
  });

  it.each([0, 1, 10_000, 19_999])("is free for the next minute's sweep, begun %d ms into a slot", async (intoSlot) => {
    bench.clock.set(noon + intoSlot);
    const lease = await takeLease(bench.ports);
    await pass(15_000);
    expect(lease?.holds()).toBe(true);
    lease?.release();
    await pass(45_000);
    expect(await takeLease(bench.ports)).toBeDefined();
  });

  it("is lost by who could not renew it, before another one gets it", async () => {
    const lease = await takeLease({ ...bench.ports, ledger: { remember: failingAfter(2, bench) } });
    await pass(minute);
    expect(lease?.holds()).toBe(false);
    expect(await takeLease(bench.ports)).toBeDefined();
    lease?.release();
  });
});

function failingAfter(calls: number, { ledger }: Bench): Ports["ledger"]["remember"] {
  let left = calls;
  return (...note) => (left-- > 0 ? ledger.remember(...note) : Promise.reject(new Error("the ledger does not answer")));
}

describe("a chore", () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));

  it("is due for one of all containers, and for none again before its time", async () => {
    const [one, two] = [choreTimes(bench.ports), choreTimes(bench.ports)];
    expect([await one.isDue("places", 10 * minute), await two.isDue("places", 10 * minute)]).toEqual([true, false]);
    bench.clock.set(noon + 9 * minute);
    expect([await one.isDue("places", 10 * minute), await two.isDue("places", 10 * minute)]).toEqual([false, false]);
    bench.clock.set(noon + 10 * minute);
    expect([await two.isDue("places", 10 * minute), await one.isDue("places", 10 * minute)]).toEqual([true, false]);
  });

  it("of every minute is due every minute, though the schedule comes a few seconds early", async () => {
    const times = choreTimes(bench.ports);
    const due: boolean[] = [];
    for (const at of [0, 57_000, 118_000, 176_000]) {
      bench.clock.set(noon + at);
      due.push(await times.isDue("jobs", minute));
    }
    expect(due).toEqual([true, true, true, true]);
  });

  it("asks the ledger only when it may be due", async () => {
    let asked = 0;
    const remember: Ports["ledger"]["remember"] = (...note) => {
      asked += 1;
      return bench.ledger.remember(...note);
    };
    const times = choreTimes({ ...bench.ports, ledger: { remember } });
    for (let minutes = 0; minutes < 9; minutes++) {
      bench.clock.set(noon + minutes * minute);
      await times.isDue("places", 10 * minute);
    }
    expect(asked).toBe(1);
  });

  it("stands apart from every other one", async () => {
    const times = choreTimes(bench.ports);
    expect([await times.isDue("a: jobs", minute), await times.isDue("b: jobs", minute)]).toEqual([true, true]);
  });

  it("comes back when the clock is set back by hours", async () => {
    const times = choreTimes(bench.ports);
    await times.isDue("places", 10 * minute);
    bench.clock.set(noon - 5 * 60 * minute);
    expect(await times.isDue("places", 10 * minute)).toBe(false);
    bench.clock.set(noon + 10 * minute);
    expect(await times.isDue("places", 10 * minute)).toBe(true);
  });
});

describe("ports whose time is over", () => {
  const ports = (isOver: () => boolean, isCut = isOver) => {
    const errors: string[] = [];
    const quiet = () => undefined;
    const log = { debug: quiet, info: quiet, warn: quiet, error: (sentence: string) => void errors.push(sentence) };
    const ledger = { listProfiles: async () => ["small"], dropEnrolment: async () => undefined };
    const source = { name: "gh", assigns: false, redeliverLost: async () => 1 };
    const given = { ledger, log, queue: {}, files: {}, source: () => source, compute: () => undefined };
    return { bounded: boundedPorts(given as object as Ports, { isOver, isCut }), errors };
  };

  it("do what they did before it", async () => {
    const { bounded } = ports(() => false);
    expect(await bounded.ledger.listProfiles()).toEqual(["small"]);
    expect(bounded.source("gh")).toMatchObject({ name: "gh", assigns: false });
    expect(await bounded.source("gh")?.redeliverLost()).toBe(1);
    expect(bounded.compute("ec2")).toBeUndefined();
  });

  it("write down what came of what was begun, until the function is cut off", async () => {
    let cut = false;
    const { bounded } = ports(
      () => true,
      () => cut,
    );
    await expect(bounded.ledger.listProfiles()).rejects.toThrow(OnejobError);
    await expect(bounded.ledger.dropEnrolment("r1")).resolves.toBeUndefined();
    cut = true;
    await expect(bounded.ledger.dropEnrolment("r1")).rejects.toThrow(OnejobError);
  });

  it("begin nothing after it, and keep still about each thing they do not do", async () => {
    let over = false;
    const { bounded, errors } = ports(() => over);
    bounded.log.error("before");
    over = true;
    await expect(bounded.ledger.listProfiles()).rejects.toThrow(OnejobError);
    await expect(bounded.source("gh")?.redeliverLost()).rejects.toThrow("the time of this function is over");
    bounded.log.error("one of many failed");
    expect(errors).toEqual(["before"]);
  });
});
