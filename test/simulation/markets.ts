/** Where the cloud has a machine at the moment: spare capacity, on-demand, or none, and for how long not. */
import type { Instant } from "../../runtime/core/model";
import type { LaunchRequest, MachineOutcome } from "../../runtime/core/ports";
import type { Dice } from "./dice";
import type { Kernel } from "./kernel";
import type { MarketPlan } from "./scenario";

const everywhere = ["no-capacity", "quota", "misconfigured"] as const;
const droughts = { spot: "no-spot", "on-demand": "no-on-demand" } as const;

export type Market = keyof typeof droughts;
export type Refusal = Exclude<MachineOutcome["outcome"], "launched">;

const minute = 60_000;

export class Markets {
  readonly #kernel: Kernel;
  readonly #dice: Dice;
  readonly #spot: MarketPlan["spot"];
  readonly #until = new Map<string, Instant>();

  constructor({ kernel, dice }: { readonly kernel: Kernel; readonly dice: Dice }, spot: MarketPlan["spot"]) {
    this.#kernel = kernel;
    this.#dice = dice;
    this.#spot = spot;
  }

  /** So many machines of it are made at most, the others refused. */
  part(request: LaunchRequest): number {
    return this.#dice.strikes("partial-fleet", request)
      ? this.#dice.between(0, request.machines.length, "part")
      : Infinity;
  }

  /** As one row of several may say it. */
  refusal(): Refusal {
    return this.#dice.pick(["no-capacity", "quota", "throttled"] as const, "refusal") ?? "no-capacity";
  }

  find(request: LaunchRequest): Market | Refusal {
    const lacking = everywhere.find((name) => this.#isDry(name, request));
    return (
      lacking ?? this.#marketsFor(request).find((market) => !this.#isDry(droughts[market], request)) ?? "no-capacity"
    );
  }

  /** Who says spot only means it, whatever a job insists on. */
  #marketsFor({ market }: LaunchRequest): readonly Market[] {
    if (this.#spot === "only") return ["spot"];
    return this.#spot === "never" || market === "on-demand" ? ["on-demand"] : ["spot", "on-demand"];
  }

  #isDry(name: (typeof everywhere)[number] | (typeof droughts)[Market], request: LaunchRequest): boolean {
    const now = this.#kernel.now();
    if (this.#dice.strikes(name, request)) this.#until.set(name, now + this.#dice.between(1, 10, "drought") * minute);
    return (this.#until.get(name) ?? 0) > now;
  }
}
