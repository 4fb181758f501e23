import { decide, freshBudget, grant, points, type BudgetState } from "../../../runtime/sources/github/budget-rules";
import { openPointsPool, type PointsPool } from "../../../runtime/sources/github/points-pool";
import { openShelf } from "../../../runtime/sources/github/shelf";
import { noon } from "../../fixtures/records";
import { FleetOfSources } from "./fleet-of-sources";
import { scriptedGithub } from "./scripted-github";

const processes = 8;
const primary = { limit: 5_000, remaining: 5_000, resetAt: noon + 3_600_000 };
const write = { mutates: true, background: false };
const search = { mutates: false, background: true };

describe("a minute's points, shared by several processes", () => {
  const github = scriptedGithub();
  let fleet: FleetOfSources;
  beforeEach(() => {
    fleet = new FleetOfSources(github);
  });

  const newPool = () => {
    const { clock, random, log } = fleet.bench.options;
    return openPointsPool(openShelf({ notes: fleet.notes, clock, random, log }), "points");
  };

  /** As many calls as it can make at this moment. */
  async function spree(pool: PointsPool, { call = write, state = { ...freshBudget(processes), primary } } = {}) {
    let count = 0;
    for (let now: BudgetState = state; ;) {
      const decision = decide(now, call, fleet.bench.now);
      if (decision.go) {
        now = decision.state;
        count += 1;
      } else if (decision.lacks === "points" && (await pool.take(call))) now = grant(now, fleet.bench.now);
      else return { count, state: now };
    }
  }

  it("never are more than GitHub allows, though all want all of them at once", async () => {
    const all = await Promise.all(Array.from({ length: processes }, () => spree(newPool())));
    const spent = all.reduce((sum, { count }) => sum + count * points.write, 0);
    expect(spent).toBeLessThanOrEqual(points.perMinute);
    expect(spent).toBeGreaterThan(points.perMinute * 0.8);
  });

  it("are enough for a hundred runners of one process while the others have nothing to do", async () => {
    expect((await spree(newPool())).count).toBeGreaterThanOrEqual(100);
  });

  it("are there for ten runners without asking the ledger", async () => {
    let state: BudgetState = { ...freshBudget(processes), primary };
    for (let runner = 0; runner < 10; runner += 1) {
      const decision = decide(state, write, noon);
      if (!decision.go) throw new Error("it has to ask");
      state = decision.state;
    }
    expect(fleet.operations).toEqual([]);
  });

  it("are taken with one write for ten runners", async () => {
    const { count } = await spree(newPool());
    const beyond = count * points.write - freshBudget(processes).own;
    expect(fleet.operations).toEqual(Array.from({ length: Math.ceil(beyond / points.grant) }, () => "save"));
  });

  it("come back after a minute, and not before", async () => {
    const pool = newPool();
    await spree(pool);
    fleet.pass(60_000);
    expect(await newPool().take(write)).toBe(false);
    fleet.pass(5_000);
    expect(await pool.take(write)).toBe(true);
    expect(await newPool().take(write)).toBe(true);
  });

  it("are left to what jobs wait for, by half, when a search wants them", async () => {
    await spree(newPool(), { call: search });
    expect((await spree(newPool())).count).toBeGreaterThanOrEqual(50);
  });

  it("are one's own share alone while the ledger does not answer", async () => {
    fleet.trouble = new Error("the ledger does not answer");
    expect((await spree(newPool())).count).toBe(Math.floor(freshBudget(processes).own / points.write));
  });
});
