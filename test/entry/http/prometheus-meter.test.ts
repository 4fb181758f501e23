import { inProcessChanges } from "../../../runtime/entry/local/changes";
import { liveCounts } from "../../../runtime/entry/http/live-counts";
import { prometheusMeter, type MeterSources } from "../../../runtime/entry/local/prometheus-meter";
import { World } from "../../fakes/flow-world";
import { someJob, someProfile, someSettings } from "../../fixtures/records";

const log = { warn: () => undefined, error: () => undefined };

function meterOver(changes: Partial<MeterSources> = {}) {
  const bus = inProcessChanges({ log });
  const sources = { live: async () => ({ jobs: [], runners: [] }), queueDepth: async () => 0, changes: bus, log };
  return { bus, meter: prometheusMeter({ ...sources, ...changes }) };
}

async function lines(meter: { text(): Promise<string> }, name: string): Promise<string[]> {
  return (await meter.text()).split("\n").filter((line) => line.startsWith(name));
}

describe("the meter", () => {
  it("counts by label", async () => {
    const { meter } = meterOver();
    meter.count("onejob_launches_total", { outcome: "launched" });
    meter.count("onejob_launches_total", { outcome: "launched" }, 2);
    meter.count("onejob_sweep_repairs_total", { kind: "orphan" });
    expect(await lines(meter, "onejob_launches_total")).toEqual(['onejob_launches_total{outcome="launched"} 3']);
    expect(await lines(meter, "onejob_sweep_repairs_total")).toEqual(['onejob_sweep_repairs_total{kind="orphan"} 1']);
  });

  it("observes seconds in histograms", async () => {
    const { meter } = meterOver();
    meter.observe("onejob_queue_to_start_seconds", 0.2);
    meter.observe("onejob_stage_seconds", 3, { stage: "booted" });
    expect(await lines(meter, "onejob_queue_to_start_seconds_sum")).toEqual(["onejob_queue_to_start_seconds_sum 0.2"]);
    expect(await lines(meter, "onejob_stage_seconds_count")).toEqual(['onejob_stage_seconds_count{stage="booted"} 1']);
  });

  it("keeps the values of a label bounded, whatever is counted", async () => {
    const { meter } = meterOver();
    for (let n = 0; n < 1_000; n += 1)
      meter.count("onejob_webhooks_total", { source: `s${n}`, outcome: "x".repeat(500) });
    const counted = await lines(meter, "onejob_webhooks_total");
    expect(counted).toHaveLength(201);
    expect(counted.find((line) => line.includes('source="other"'))).toMatch(/ 800$/);
    expect(Math.max(...counted.map((line) => line.length))).toBeLessThan(150);
  });

  it("never throws at who counts, whatever the labels are", async () => {
    const { meter } = meterOver();
    expect(() => meter.count("onejob_launches_total", { unknown: "label" })).not.toThrow();
    expect(await lines(meter, "onejob_launches_total")).toEqual(['onejob_launches_total{outcome=""} 1']);
  });

  it("shows jobs and runners as the ledger holds them at the scrape", async () => {
    const world = new World(someSettings([someProfile({ limits: { maxRunners: 1 } })]));
    const { meter } = meterOver({ live: () => liveCounts(world.ledger), queueDepth: () => world.ports.queue.depth() });
    await world.submit();
    await world.submit();
    await world.pump();
    expect(await lines(meter, "onejob_jobs")).toEqual(
      expect.arrayContaining([
        'onejob_jobs{state="starting",reason=""} 1',
        'onejob_jobs{state="queued",reason="at-profile-cap"} 1',
        'onejob_jobs{state="running",reason=""} 0',
      ]),
    );
    expect(await lines(meter, "onejob_runners")).toContain('onejob_runners{profile="small",state="booting"} 1');
    expect(await lines(meter, "onejob_queue_depth")).toEqual(["onejob_queue_depth 0"]);
  });

  it("shows in final states how many ended so since the start", async () => {
    const { meter, bus } = meterOver();
    bus.publish({ kind: "job", job: someJob({ state: "failed", reason: "command-failed" }) });
    bus.publish({ kind: "job", job: someJob({ state: "running" }) });
    expect(await lines(meter, "onejob_jobs")).toEqual([
      'onejob_jobs{state="completed",reason=""} 0',
      'onejob_jobs{state="failed",reason=""} 0',
      'onejob_jobs{state="cancelled",reason=""} 0',
      'onejob_jobs{state="expired",reason=""} 0',
      'onejob_jobs{state="failed",reason="command-failed"} 1',
    ]);
    expect(meter.ended()).toEqual({ completed: 0, failed: 1, cancelled: 0, expired: 0 });
  });

  it("forgets reasons that no longer hold anybody back", async () => {
    let reason = "quota";
    const { meter } = meterOver({ live: async () => ({ jobs: [{ state: "queued", reason, count: 1 }], runners: [] }) });
    expect(await lines(meter, 'onejob_jobs{state="queued"')).toEqual(['onejob_jobs{state="queued",reason="quota"} 1']);
    reason = "";
    expect(await lines(meter, 'onejob_jobs{state="queued"')).toEqual(['onejob_jobs{state="queued",reason=""} 1']);
  });

  it("answers a scrape although the ledger and the queue cannot be read", async () => {
    const refuse = () => Promise.reject(new Error("closed"));
    const { meter } = meterOver({ live: refuse, queueDepth: refuse });
    meter.count("onejob_launches_total", { outcome: "launched" });
    expect(await lines(meter, "onejob_launches_total")).toHaveLength(1);
    expect(await lines(meter, "onejob_queue_depth")).toEqual([]);
    expect(await lines(meter, "process_cpu_seconds_total")).toHaveLength(1);
  });
});
