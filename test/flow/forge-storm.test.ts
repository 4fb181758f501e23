/** Two hundred jobs of a matrix, given out at random, with the forge's words lost, doubled, late and in any order. */
import type { JobEvent } from "../../runtime/core/events";
import { isFinal } from "../../runtime/core/lifecycle";
import { ForgeWorld, type ForgeWorldOptions } from "../fakes/forge-world";
import { seededRandom } from "../fixtures/seeded-random";
import { someProfile } from "../fixtures/records";

const jobs = 200;
const cap = 12;

/** Ten in a hundred each are lost, doubled, or late. */
class Weather {
  readonly #chance: () => number;
  #late: JobEvent[] = [];

  constructor(chance: () => number) {
    this.#chance = chance;
  }

  /** What arrives now, of this event and of those that were held up. */
  arrivals(event: JobEvent): readonly JobEvent[] {
    const luck = this.#chance();
    if (luck < 0.1) return [];
    if (luck < 0.2) {
      this.#late.push(event);
      return [];
    }
    return [...this.#held(0.2), event, ...(luck < 0.3 ? [event] : [])];
  }

  /** Each held one comes with this chance. */
  #held(chance: number): readonly JobEvent[] {
    const due = this.#late.filter(() => this.#chance() < chance);
    this.#late = this.#late.filter((event) => !due.includes(event));
    return due;
  }
}

class Storm extends ForgeWorld {
  readonly #chance: () => number;
  readonly #weather: Weather;
  mostLive = 0;

  constructor(seed: number, options: ForgeWorldOptions = {}) {
    const profile = someProfile({ limits: { maxRunners: cap }, timeouts: { idleMs: 60_000 } });
    super({ profiles: [profile], server: { maxRunners: cap }, ...options });
    this.#chance = seededRandom(seed);
    this.#weather = new Weather(this.#chance);
  }

  /** Jobs begin, wait for approval, are cancelled, run, end; machines boot and leave; we sweep and sometimes ask. */
  async run(): Promise<void> {
    for (let id = 0; id < jobs; id += 1) await this.#hear(this.forge.queue({ id: String(id) }));
    for (let round = 0; round < 600 && !this.#isOver(); round += 1) {
      await this.#machinesMove();
      await this.#forgeMoves();
      await this.turn(1_000);
      this.mostLive = Math.max(this.mostLive, this.machines().length);
      if (round % 15 === 0) await this.discover();
    }
    await this.discover();
    for (let round = 0; round < 20; round += 1) {
      await this.#machinesMove();
      await this.turn(30_000);
    }
  }

  async #hear(event: JobEvent): Promise<void> {
    await this.tell(...this.#weather.arrivals(event));
  }

  async #machinesMove(): Promise<void> {
    for (const { runner } of this.compute.machines) {
      const record = await this.runner(runner);
      if (record?.state === "booting" && this.#chance() < 0.7) await this.up(runner);
      const agent = this.agent(runner);
      const atForge = this.forge.runners.get(record?.name ?? "");
      const ended = record?.nonce != null && record.state !== "stopping" && atForge === undefined;
      const asked = record?.draining === true && atForge?.job === null;
      if (!ended && !asked) continue;
      this.forge.leaves(runner);
      await agent.finish(0);
      await this.pump();
    }
  }

  async #forgeMoves(): Promise<void> {
    for (let tries = 0; tries < 4; tries += 1) {
      const taken = this.forge.assign((pairs) => Math.floor(this.#chance() * pairs));
      if (taken === undefined) break;
      if (this.#chance() < 0.7) await this.agent(taken.runner).start();
      await this.#hear(taken.event);
    }
    for (const job of [...this.forge.jobs.values()]) {
      if (job.state === "in_progress" && this.#chance() < 0.3) await this.#hear(this.forge.end(job.id));
      else if (job.state === "queued" && this.#chance() < 0.002) await this.#hear(this.forge.end(job.id, "cancelled"));
      else if (job.state === "queued" && this.#chance() < 0.002) await this.#hear(this.forge.move(job.id, "waiting"));
      else if (job.state === "waiting") await this.#hear(this.forge.move(job.id, "queued"));
    }
  }

  #isOver(): boolean {
    return [...this.forge.jobs.values()].every(({ state }) => state === "completed");
  }
}

describe.each([1, 2, 3])("a matrix of 200 jobs in bad weather, seed %i", (seed) => {
  let storm: Storm;
  beforeAll(async () => {
    storm = new Storm(seed);
    await storm.run();
  });

  it("runs every job to the end that the forge knows", async () => {
    for (const job of storm.forge.jobs.values()) {
      const ours = await storm.forgeJob(job.id);
      const expected = job.conclusion === "success" ? "completed" : "cancelled";
      expect([job.id, ours.state, isFinal(ours.state)]).toEqual([job.id, expected, true]);
    }
  });

  it("leaves no machine, no live runner, and none at the forge", async () => {
    expect(storm.machines()).toEqual([]);
    expect((await storm.view()).runners).toEqual([]);
    expect([...storm.forge.runners.keys()]).toEqual([]);
  });

  it("never has more machines than the limit allows, and uses what it allows", () => {
    expect(storm.mostLive).toBe(cap);
  });

  it("makes little more than one runner, and asks little more than that, for each job", () => {
    const enrolled = storm.forge.calls.filter((call) => call === "enrol").length;
    expect(enrolled / jobs).toBeLessThan(1.3);
    expect(storm.forge.calls.length / jobs).toBeLessThan(2.2);
  });
});
