/** What a fleet costs while nobody uses it. */
import { RunnerFleet } from "../../components";
import type { RunnerFleetArgs } from "../../components";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { costWarning, idleCost, idleLimitUsd } from "../../components/cost";
import { idleChoices } from "../../components/fleet-choices";
import { checkFleet } from "../../components/fleet-problems";
import { prices } from "../../components/prices";
import { mostMetrics } from "../../runtime/core/metrics";
import { smallest, variants } from "../fixtures/pulumi-fleets";
import { declare } from "../fixtures/pulumi-graph";

const costOf = (args: RunnerFleetArgs) =>
  idleCost(idleChoices(args, checkFleet(args, { component: "ci", stack: "dev" }).settings));

describe("an idle fleet", () => {
  it("costs no more than promised when it says nothing special", () => {
    expect(costOf(smallest).monthlyUsd).toBeLessThanOrEqual(idleLimitUsd);
  });

  it("says what it pays for, and the items are the sum", () => {
    const { items, monthlyUsd } = costOf(smallest);
    expect(items.map(({ what }) => what)).toEqual([
      ...["alarms", "queue, waiting for messages", "schedule", "function sweep"],
      ...["table, read", "table, written", "settings and secrets"],
    ]);
    expect(items.reduce((sum, item) => sum + item.monthlyUsd, 0)).toBeCloseTo(monthlyUsd, 6);
  });

  it("counts images apart, and none when none are baked", () => {
    expect(costOf(smallest).images).toMatchObject([
      { setting: "images.bake", monthlyUsd: 0.8 },
      { setting: "images.schedule", monthlyUsd: 0.194 },
    ]);
    expect(costOf({ ...smallest, images: { bake: false } }).images).toEqual([]);
  });

  it("costs less when it sweeps less often", () => {
    expect(costOf({ ...smallest, sweep: { interval: "5m" } }).monthlyUsd).toBeLessThan(costOf(smallest).monthlyUsd);
  });

  it.each([
    ["a dashboard", { dashboard: true }, "dashboard 3.00"],
    [
      "an endpoint of its own in two zones",
      variants["private-api with its own endpoint"] ?? {},
      "ingress.vpcEndpointId 14.60",
    ],
  ])("names %s with its price, where that breaks the promise", async (_what, more, named) => {
    const { warnings } = await declare(() => new RunnerFleet("ci", { ...smallest, ...more } as RunnerFleetArgs), {
      mode: "preview",
    });
    expect(warnings).toEqual([expect.stringContaining(named)] as unknown[]);
  });

  it("warns of nothing while it keeps the promise", () => {
    expect(costWarning({ monthlyUsd: idleLimitUsd, items: [], images: [] })).toBeUndefined();
  });
});

describe("a price", () => {
  it.each(Object.entries(prices))("of %s says where it stands, and as of when", (_name, { source, asOf, usd }) => {
    expect(source).toMatch(/^https:\/\/aws\.amazon\.com\//);
    expect(asOf).toMatch(/^20\d\d-\d\d$/);
    expect(usd).toBeGreaterThanOrEqual(0);
  });
});

describe("docs/fleet.md", () => {
  it("says what the metrics of a fleet cost at most", () => {
    const page = readFileSync(join(__dirname, "../../docs/operating.md"), "utf8");
    const { usd } = prices.metric;
    expect(page).toContain(`at most ${mostMetrics} metrics, at ${usd.toFixed(2)} USD a month each`);
    expect(page).toContain(`at most ${(mostMetrics * usd).toFixed(2)} USD`);
  });

  it("shows what the smallest fleet costs, as it is itemised", () => {
    const page = readFileSync(join(__dirname, "../../docs/fleet.md"), "utf8");
    const [, shown = ""] = /<!-- idle-cost -->\n([\s\S]*?)<!-- \/idle-cost -->/.exec(page) ?? [];
    const cells = shown
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) => line.split("|").map((cell) => cell.trim()));
    const { items, monthlyUsd } = costOf(smallest);
    const rows = [...items, { what: "together", monthlyUsd, how: "" }].map(({ what, monthlyUsd: usd, how }) => [
      ...["", what, usd.toFixed(2), how, ""],
    ]);
    expect(cells.slice(2)).toEqual(rows);
  });
});
