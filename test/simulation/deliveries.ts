/** What the forge sends us by itself: late, twice, in any order, or never. What we refused it can be asked to send again. */
import type { Parsed } from "../../runtime/core/events";
import type { Dice } from "./dice";
import type { ForgeJob } from "./forge-truth";
import type { Kernel } from "./kernel";
import { forgeHost, forgeName, wordOf } from "./sim-forge";

export class Deliveries {
  readonly #kernel: Kernel;
  readonly #dice: Dice;
  /** Hands it in; resolves when it was stored there, and answered 2xx. */
  readonly #hand: (id: string) => Promise<unknown>;
  readonly #parsed = new Map<string, Parsed>();
  readonly #failed = new Set<string>();
  #made = 0;

  constructor(parts: { readonly kernel: Kernel; readonly dice: Dice }, hand: (id: string) => Promise<unknown>) {
    this.#kernel = parts.kernel;
    this.#dice = parts.dice;
    this.#hand = hand;
  }

  parse(id: string): Parsed {
    return this.#parsed.get(id) ?? { kind: "ignored", reason: "unknown-event" };
  }

  tell(job: ForgeJob): void {
    const id = this.#name();
    this.#send(id, { kind: "events", events: [wordOf(job, id, this.#kernel.now())] });
  }

  tellRunOver(run: string): void {
    const over = { source: forgeName, host: forgeHost, repository: "acme/widgets", run };
    this.#send(this.#name(), { kind: "run-over", run: over });
  }

  sendFailedAgain(): number {
    const failed = [...this.#failed];
    this.#failed.clear();
    for (const id of failed) this.#arrive(id, this.#dice.between(500, 5_000, "again"));
    return failed.length;
  }

  #name(): string {
    this.#made += 1;
    return `d${this.#made}`;
  }

  #send(id: string, parsed: Parsed): void {
    if (this.#dice.strikes("webhook-lost", parsed)) return;
    this.#parsed.set(id, parsed);
    const lateMs = this.#dice.strikes("webhook-late", parsed) ? this.#dice.between(1_000, 600_000, "late") : 0;
    this.#arrive(id, this.#dice.between(200, 2_500, "webhook") + lateMs);
    if (this.#dice.strikes("webhook-twice", parsed)) this.#arrive(id, this.#dice.between(200, 60_000, "webhook"));
  }

  #arrive(id: string, afterMs: number): void {
    this.#kernel.after(afterMs, () => {
      this.#hand(id).catch(() => this.#failed.add(id));
    });
  }
}
