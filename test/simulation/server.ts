/**
 * Our own side: functions that run when something calls for them, each a strand of its own with its own clock. As one
 * process they all die together and the process comes back; as functions each dies alone.
 */
import { OnejobError } from "../../runtime/core/errors";
import type { Compute, Files, JobSource, Ledger, Log, Meter, Ports, Queue, Received } from "../../runtime/core/ports";
import type { Clock, Message, Random, Tokens } from "../../runtime/core/ports";
import type { Settings } from "../../runtime/core/settings";
import { discoverJobs, recoverDeliveries, removeGhosts } from "../../runtime/flow/ask-source";
import { handBack } from "../../runtime/flow/hand-back";
import { placeAllAnew } from "../../runtime/flow/place-job";
import { receiveDelivery } from "../../runtime/flow/receive-delivery";
import { forgiveFailures } from "../../runtime/flow/reach-state";
import { recover } from "../../runtime/flow/recover";
import { sweep } from "../../runtime/flow/sweep";
import { work } from "../../runtime/flow/work";
import type { Calls } from "./calls";
import type { Dice } from "./dice";
import type { Kernel } from "./kernel";
import type { QueueStore } from "./sim-queue";
import { forgeName } from "./sim-forge";
import { Strand } from "./strand";

const second = 1_000;
const minute = 60 * second;
/** Whoever calls us waits so long for an answer. */
const patienceMs = 10 * second;
const longestRetryMs = minute;

/** One process, or functions that share nothing but the ledger and the queue. */
export type HostKind = "process" | "functions";

export interface ServerParts {
  readonly host: HostKind;
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly calls: Calls;
  readonly queue: QueueStore;
  readonly settings: Settings;
  readonly tokens: Tokens;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
  readonly doorsFor: (strand: Strand) => Doors;
  readonly onStart: () => void;
}

/** The ports that lead out of a function, each call of which may be its last. */
export interface Doors {
  readonly source: (name: string) => JobSource | undefined;
  readonly compute: (kind: string) => Compute | undefined;
  readonly ledger: Ledger;
  readonly queue: Queue;
  readonly files: Files;
}

type Flow<T> = (ports: Ports) => Promise<T>;

export class Server {
  readonly #parts: ServerParts;
  readonly #strands = new Set<Strand>();
  /** Raised with every start: what an earlier life set going does nothing any more. */
  #life = 0;
  #up = false;
  #swept = false;
  #asked = false;
  #settings: Settings;
  /** Those that were heard so far. */
  webhooks = 0;
  /** The same of what the cloud said. */
  words = 0;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
  }

  /** Whether a sweep came to its end since this was asked last. */
  hasSwept(): boolean {
    const swept = this.#swept;
    this.#swept = false;
    return swept;
  }

  /** Whether the forge answered what stands differently there, since this was asked last. */
  hasAsked(): boolean {
    const asked = this.#asked;
    this.#asked = false;
    return asked;
  }

  /** As the program does on SIGHUP: what changed is heeded from now on, and everybody is planned anew. */
  reload(settings: Settings): void {
    this.#settings = settings;
    this.run("reload", async (ports) => {
      await forgiveFailures(ports);
      await ports.queue.send(settings.profiles.map(({ name }) => ({ kind: "plan", profile: name })));
      await placeAllAnew(ports);
    }).catch((error: unknown) => this.#parts.log.warn("plans could not be asked for", { error }));
  }

  start(): void {
    this.#life += 1;
    this.#up = true;
    const { host, onStart } = this.#parts;
    onStart();
    if (host === "functions") return this.#open();
    this.run("recover", recover).then(
      () => this.#open(),
      () => this.#die(),
    );
  }

  /** Runs a flow for somebody who waits. Rejects when we are down, or it died. */
  run<T>(name: string, flow: Flow<T>): Promise<T> {
    const { kernel, dice, host } = this.#parts;
    return new Promise<T>((resolve, reject) => {
      const gone = () => kernel.after(patienceMs, () => reject(new Error(`no answer to ${name}`)));
      if (!this.#up) return void gone();
      const skewMs = host === "functions" ? dice.between(-500, 500, "skew") : 0;
      const strand = new Strand(name, this.#parts, skewMs);
      this.#strands.add(strand);
      strand.onDeath(() => {
        this.#strands.delete(strand);
        gone();
        // A process does not die in part.
        if (host === "process") this.#die();
      });
      const over = () => this.#strands.delete(strand);
      flow(this.#portsFor(strand)).then(
        (answer) => (over(), resolve(answer)),
        (error: unknown) => (over(), reject(error as Error)),
      );
    });
  }

  #open(): void {
    const { queue, kernel, dice, host, settings } = this.#parts;
    const life = this.#life;
    queue.serve((received) => this.#handle(received));
    const again = (name: string, everyMs: number, flow: Flow<unknown>) => this.#again({ name, everyMs, life }, flow);
    again("sweep", settings.sweep.intervalMs, async (ports) => {
      await sweep(ports).finally(() => (this.#swept = true));
    });
    again("deliveries", 5 * minute, (ports) => recoverDeliveries(forgeName, ports));
    again("jobs", 10 * minute, async (ports) => {
      await discoverJobs(forgeName, ports);
      this.#asked = true;
    });
    again("ghosts", 15 * minute, (ports) => removeGhosts(forgeName, ports));
    again("places", 10 * minute, placeAllAnew);
    if (host === "functions") return;
    kernel.every(minute, () => {
      if (life !== this.#life) return false;
      if (!dice.strikes("restart")) return true;
      void this.#leave();
      return false;
    });
  }

  /** What nobody uses is given back first, as far as that goes in a while. */
  async #leave(): Promise<void> {
    const { queue, kernel } = this.#parts;
    const life = this.#life;
    queue.serve(undefined);
    kernel.after(15 * second, () => {
      if (life === this.#life) this.#die();
    });
    await this.run("leave", handBack).catch(() => undefined);
    if (life === this.#life) this.#die();
  }

  #die(): void {
    const { queue, kernel, dice } = this.#parts;
    if (!this.#up) return;
    this.#life += 1;
    this.#up = false;
    queue.serve(undefined);
    for (const strand of [...this.#strands]) strand.die();
    kernel.after(dice.between(1, 120, "down") * second, () => {
      queue.showAll();
      this.start();
    });
  }

  /** As a process: never twice at once. As functions: whatever the one before is doing. */
  #again(chore: { readonly name: string; readonly everyMs: number; readonly life: number }, flow: Flow<unknown>): void {
    const { kernel, host, log } = this.#parts;
    const { name, everyMs, life } = chore;
    let busy = false;
    const begin = () => {
      if (life !== this.#life) return false;
      if (busy && host === "process") return true;
      busy = true;
      const over = () => void (busy = false);
      this.run(name, flow).then(over, (error: unknown) => (over(), log.warn("chore failed", { name, error })));
      return true;
    };
    // What came while there was no server is found first.
    if (host === "process") begin();
    kernel.every(everyMs, begin);
  }

  async #handle(received: readonly Received[]): Promise<void> {
    const [first] = received;
    if (first === undefined) return;
    const { message, attempt } = first;
    await this.run(`work ${message.kind}`, async (ports) => {
      try {
        await work(message, ports);
        await Promise.all(received.map(({ id }) => ports.queue.done(id)));
      } catch (error) {
        ports.log.warn("message failed and comes again", { kind: message.kind, error });
        const pauseMs = Math.min(longestRetryMs, 200 * 2 ** Math.min(attempt, 10));
        await Promise.all(received.map(({ id }) => ports.queue.retry(id, pauseMs)));
      }
    });
  }

  /** A webhook; the delivery is looked up by its id. */
  hear(id: string): Promise<unknown> {
    const stored = { has: () => false, add: () => undefined };
    this.webhooks += 1;
    return this.run("webhook", (ports) => {
      const delivery = { id, headers: {}, body: new Uint8Array(), receivedAt: ports.clock.now() };
      return receiveDelivery({ source: forgeName, delivery, stored }, ports);
    });
  }

  /** What the cloud tells; handed over again when that failed, twice. */
  hearCloud(word: Message, tries = 1): void {
    this.words += 1;
    this.run("event", (ports) => ports.queue.send([word])).catch(() => {
      if (tries < 3) this.#parts.kernel.after(tries * minute, () => this.hearCloud(word, tries + 1));
    });
  }

  #portsFor(strand: Strand): Ports {
    const { tokens, random, log, meter, doorsFor } = this.#parts;
    const clock: Clock = { now: () => strand.now() };
    const { source, compute, ledger, queue, files } = doorsFor(strand);
    const settings = () => this.#settings;
    // Made for each function: a spread is what costs here.
    return { source, compute, ledger, queue, files, settings, tokens, random, log, meter, clock };
  }
}

/** An agent that is told so stops; everything else it tries again. */
export function isRefused(error: unknown): boolean {
  return error instanceof OnejobError && [401, 409, 410].includes(error.entry.httpStatus);
}
