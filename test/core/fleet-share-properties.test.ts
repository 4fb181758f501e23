/**
 * How profiles share the fleet's limit when many planners work at once, as `flow/plan-launches` uses it: read both
 * records, decide, write the share on the version it was decided on, then the planner record on its own.
 */
import fc from "fast-check";
import { decideShare, roomOf, type ShareDecision, type ShareRequest } from "../../runtime/core/fleet-share";
import type { FleetRecord } from "../../runtime/core/model";

const names = ["a", "b", "c", "d"] as const;
type Name = (typeof names)[number];
const leaseMs = 30;

interface Profile {
  version: number;
  /** Runners that exist or may exist. */
  live: number;
  demand: number;
}

class World {
  fleet: FleetRecord = { shares: {}, hungry: [], draining: false, version: 1 };
  now = 0;
  readonly maxRunners: number;
  readonly profiles: Readonly<Record<Name, Profile>>;

  constructor(maxRunners: number) {
    this.maxRunners = maxRunners;
    const none = (): Profile => ({ version: 1, live: 0, demand: 0 });
    this.profiles = { a: none(), b: none(), c: none(), d: none() };
  }

  get live(): number {
    return names.reduce((sum, name) => sum + this.profiles[name].live, 0);
  }

  request(profile: Name, fleet: FleetRecord): ShareRequest {
    const { version, live, demand } = this.profiles[profile];
    const room = Math.max(0, roomOf(profile, fleet, this.maxRunners) - live);
    const wanted = Math.max(0, demand - live);
    const growth = Math.min(wanted, room);
    const { maxRunners, now } = this;
    return { profile, live, growth, hungry: growth < wanted, planner: version, maxRunners, now };
  }
}

type Planner = Generator<undefined, ShareDecision>;

/** One planner at work; whoever runs it may stop between any two steps, for a while or for good. */
function* planning(world: World, name: Name): Planner {
  const request = world.request(name, world.fleet);
  let { fleet } = world;
  let decision: ShareDecision;
  for (;;) {
    yield;
    decision = decideShare(fleet, request);
    if (!("next" in decision) || decision.next === undefined) break;
    yield;
    if (world.fleet.version === fleet.version) {
      world.fleet = { ...fleet, ...decision.next, version: fleet.version + 1 };
      break;
    }
    fleet = world.fleet;
  }
  yield;
  const profile = world.profiles[name];
  const isDue = decision.kind === "outdated" && world.now - decision.since >= leaseMs;
  const grows = decision.kind === "granted" && request.growth > 0;
  if (profile.version === request.planner && (isDue || grows)) {
    profile.version += 1;
    if (grows) profile.live += request.growth;
  }
  return decision;
}

const name = fc.constantFrom<Name>("a", "a", "b", "c");
const slot = fc.nat(2);
const act = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("work" as const), slot, name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), slot }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("demand" as const), name, jobs: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("written" as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(50) }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

function perform(one: Act, world: World, planners: Map<number, Planner>): void {
  switch (one.kind) {
    case "work": {
      const planner = planners.get(one.slot) ?? planning(world, one.name);
      planners.set(one.slot, planner);
      if (planner.next().done === true) planners.delete(one.slot);
      return;
    }
    case "crash":
      planners.delete(one.slot);
      return;
    case "end":
      world.profiles[one.name].live = Math.max(0, world.profiles[one.name].live - 1);
      return;
    case "demand":
      world.profiles[one.name].demand = one.jobs;
      return;
    case "written":
      world.profiles[one.name].version += 1;
      return;
    case "wait":
      world.now += one.ms;
  }
}

describe("the fleet's limit", () => {
  it("is never passed, however many planners overtake each other, and wherever they crash", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(act, { maxLength: 120, size: "max" }),
        (maxRunners, acts) => {
          const world = new World(maxRunners);
          const planners = new Map<number, Planner>();
          const broken = acts.filter((one) => {
            perform(one, world, planners);
            const { fleet, profiles } = world;
            const isBeyond = names.some((each) => profiles[each].live > (fleet.shares[each]?.runners ?? 0));
            return world.live > maxRunners || isBeyond;
          });
          expect(broken).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  /** Plans until nobody who was told has anything to do; `pick` says who of them is next. */
  function settle(world: World, told: Name[], pick: () => number): void {
    for (let rounds = 0; told.length > 0; rounds += 1) {
      if (rounds > 500) throw new Error("planners tell each other without end");
      const [name] = told.splice(pick() % told.length, 1);
      if (name === undefined) return;
      const decision = finished(planning(world, name));
      world.now += 1;
      if (decision.kind === "outdated" || decision.kind === "full") told.push(name);
      else told.push(...(decision.told as readonly Name[]));
    }
  }

  function finished(planner: Planner): ShareDecision {
    for (;;) {
      const step = planner.next();
      if (step.done === true) return step.value;
    }
  }

  const days = fc.record({
    max: fc.integer({ min: 1, max: 6 }),
    jobs: fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9)),
    ends: fc.array(fc.constantFrom(...names), { maxLength: 20 }),
  });

  it("leaves no room unused while somebody waits, by nothing but what planners tell each other", () => {
    fc.assert(
      fc.property(days, fc.infiniteStream(fc.nat()), ({ max, jobs, ends }, dice) => {
        const world = new World(max);
        names.forEach((name, index) => (world.profiles[name].demand = jobs[index] ?? 0));
        const pick = (): number => (dice.next().value as number | undefined) ?? 0;
        settle(world, [...names], pick);
        for (const name of ends) {
          const profile = world.profiles[name];
          if (profile.live === 0) continue;
          profile.live -= 1;
          profile.demand -= 1;
          settle(world, [name], pick);
          const demand = names.reduce((sum, one) => sum + world.profiles[one].demand, 0);
          expect(world.live).toBe(Math.min(max, demand));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is shared in turns: who waits for room gets some before anybody gets any twice", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(), { minLength: 60, maxLength: 60 }), (max, dice) => {
        const world = new World(max);
        for (const name of names) world.profiles[name].demand = 1_000;
        settle(world, [...names], () => 0);
        const grew: Name[] = [];
        for (const die of dice) {
          const before = names.map((name) => world.profiles[name].live);
          const busy = names.filter((name) => world.profiles[name].live > 0);
          const ended = busy[die % busy.length] ?? "a";
          world.profiles[ended].live -= 1;
          settle(world, [ended], () => die);
          const freed = (name: Name): number => (name === ended ? 1 : 0);
          grew.push(...names.filter((name, i) => world.profiles[name].live > (before[i] ?? 0) - freed(name)));
        }
        for (let at = 4; at + 4 <= grew.length; at += 1) expect(new Set(grew.slice(at, at + 4)).size).toBe(4);
      }),
      { numRuns: 100 },
    );
  });
});
