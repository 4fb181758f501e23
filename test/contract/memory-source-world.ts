/** The forge of the flow tests, as tests of the contract move it. */
import type { JobFacts } from "../../runtime/core/events";
import type { Enrolment } from "../../runtime/core/model";
import { MemoryForge } from "../fakes/memory-forge";
import { noon, someFacts } from "../fixtures/records";
import type { FarJobSpec, FarSide, Listener, SourceWorld, Trouble } from "./source-world";

const labels = ["linux"];

export function memoryWorld(): SourceWorld {
  const far = new FarMemory();
  const reach = { source: "gh", host: "forge.example", scope: "acme", group: "Default", labels };
  const origin = { repository: "acme/widgets", run: "99", fork: null };
  return {
    source: far.forge,
    reach,
    neverWas: () => someFacts({ ...reach, id: "999", key: "gh/forge.example/999", work: null, origin }),
    far,
    close: () => Promise.resolve(),
  };
}

class FarMemory implements FarSide {
  readonly webhooks = null;
  readonly forge: MemoryForge;
  private at = noon;
  private runs = 0;

  constructor() {
    this.forge = new MemoryForge({ clock: { now: () => this.at } });
  }

  now(): number {
    return this.at;
  }

  pass(ms: number): void {
    this.at += ms;
  }

  queue(...specs: readonly FarJobSpec[]): readonly JobFacts[] {
    this.runs += 1;
    const run = String(this.runs);
    return specs.map(
      ({ held = false, fork = false }) =>
        this.forge.queue({ labels, fork, run, state: held ? "waiting" : "queued" }).facts,
    );
  }

  approve({ id }: JobFacts): void {
    this.forge.move(id, "queued");
  }

  /** This forge does not wait for the runner. */
  cancelThere({ id }: JobFacts): void {
    this.forge.end(id, "cancelled");
  }

  rerunThere({ id }: JobFacts): void {
    this.forge.rerunThere(id);
  }

  listen({ payload }: Enrolment): Promise<Listener> {
    const runner = [...this.forge.runners.values()].find(({ handle, online }) => handle === payload && !online);
    if (runner === undefined) return Promise.reject(new Error("there is no such registration"));
    runner.online = true;
    let taken = "";
    return Promise.resolve({
      take: () => {
        const event = this.forge.assignTo(runner.name);
        taken = event?.facts.id ?? "";
        return event === undefined ? Promise.reject(new Error("there is no job for it")) : Promise.resolve(taken);
      },
      finish: (conclusion) => {
        if (this.forge.jobs.get(taken)?.state !== "completed") this.forge.end(taken, conclusion);
        return Promise.resolve();
      },
      leave: () => Promise.resolve(void (runner.online = false)),
    });
  }

  stranger(name: string): Promise<Enrolment> {
    const handle = `stranger-${name}`;
    this.forge.runners.set(name, { name, handle, group: "Default", labels, online: false, job: null });
    return Promise.resolve({ executor: "github", payload: handle, handle });
  }

  registered() {
    return [...this.forge.runners.values()].map(({ name, group, labels: asked, online }) => {
      return { name, group, labels: asked, online };
    });
  }

  break(trouble: Trouble): void {
    const codes = {
      "is down": "source-unreachable",
      "hangs up": "source-unreachable",
      "loses answers": "source-unreachable",
      "is asked too much": "source-throttled",
      "grants no right": "source-refused",
      "locks us out": "source-refused",
      "hides everything": "source-refused",
    } as const;
    this.forge.failWith(codes[trouble], { afterwards: trouble === "loses answers" });
  }

  repair(): void {
    this.forge.failWith(undefined);
  }

  loseAnswer(): void {}

  setClockWrong(): void {}
}
