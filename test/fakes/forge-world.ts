/** A world with a forge in it, and the few things a test of forge jobs says again and again. */
import type { JobEvent } from "../../runtime/core/events";
import type { Job, Runner } from "../../runtime/core/model";
import type { JobSource, Wall } from "../../runtime/core/ports";
import type { ProfileSettings, Settings } from "../../runtime/core/settings";
import { discoverJobs } from "../../runtime/flow/ask-source";
import { apiSource } from "../../runtime/sources/api";
import { someProfile, someSettings } from "../fixtures/records";
import { World, type FakeAgent } from "./flow-world";
import { MemoryForge } from "./memory-forge";

export interface ForgeWorldOptions {
  readonly profiles?: readonly ProfileSettings[];
  readonly server?: Partial<Settings["server"]>;
  readonly announces?: boolean;
  readonly wall?: Wall;
  readonly trust?: "same-user" | null;
}

export class ForgeWorld extends World {
  readonly forge: MemoryForge;

  constructor(options: ForgeWorldOptions = {}) {
    const sources: JobSource[] = [apiSource()];
    const base = someSettings(options.profiles ?? [someProfile()], options.server ?? {});
    super({ ...base, sources: [...base.sources, forgeSettings(options)] }, sources, options.wall);
    this.forge = new MemoryForge({ clock: this.clock, announces: options.announces ?? true });
    sources.push(this.forge);
  }

  /** The events reach us, in this order, and all that follows from them is done. */
  async tell(...events: readonly JobEvent[]): Promise<void> {
    await this.ports.queue.send(events.map((event) => ({ kind: "job-event", event })));
    await this.pump();
  }

  async discover(): Promise<void> {
    await discoverJobs(this.forge.name, this.ports);
    await this.pump();
  }

  forgeJob(id: string): Promise<Job> {
    return this.job(`gh/forge.example/${id}`);
  }

  /** The agent enrols and its listener reaches the forge. */
  async up(runner: string): Promise<FakeAgent> {
    const agent = this.agent(runner);
    await agent.take();
    this.forge.listens(runner);
    return agent;
  }

  /** All machines that boot come up. */
  async allUp(): Promise<void> {
    for (const { runner } of this.compute.machines)
      if ((await this.stateOf(runner)) === "booting") await this.up(runner);
  }

  async stateOf(runner: string): Promise<Runner["state"] | undefined> {
    return (await this.runner(runner))?.state;
  }

  async runner(id: string): Promise<Runner | undefined> {
    for (const profile of await this.ledger.listProfiles()) {
      const found = await this.ledger.readRunner(profile, id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Machines that are there, by runner. */
  machines(): readonly string[] {
    return this.compute.machines.map(({ runner }) => runner);
  }
}

/** A job with its machine up and listening. */
export async function listeningJob(options: ForgeWorldOptions = {}) {
  const world = new ForgeWorld(options);
  await world.tell(world.forge.queue({ id: "a" }));
  const [runner = ""] = world.machines();
  const agent = await world.up(runner);
  return { world, runner, agent };
}

/** One that the forge has given to its runner; nobody has been told. */
export async function runningJob(options: ForgeWorldOptions = {}) {
  const { world, runner, agent } = await listeningJob(options);
  const taken = world.forge.assign();
  if (taken === undefined) throw new Error("the forge gave nothing");
  return { world, runner, agent, started: taken.event };
}

function forgeSettings({ trust = null }: ForgeWorldOptions): Settings["sources"][number] {
  return {
    name: "gh",
    kind: "github",
    url: "https://forge.example",
    scopes: ["acme"],
    runnerGroup: "Default",
    auth: { kind: "token", token: { env: "GH_TOKEN" } },
    webhookSecrets: [{ env: "GH_WEBHOOK_SECRET" }],
    intake: "both",
    poll: { intervalMs: 15_000 },
    recovery: { deliveriesMs: 300_000, runnersMs: 900_000, jobsMs: 600_000 },
    trust,
    runner: { path: "/opt/runner" },
  };
}
