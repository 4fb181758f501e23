/**
 * Plans that a batch asks for are made by the function that has it in hand, once all its messages are handled: one plan for
 * all of them, a way through the queue sooner, and a call of it less. What cannot be planned now goes on the queue as ever.
 * Should the function die before that, a `queued` that comes again asks again, and the sweep plans each profile anyway.
 */
import type { Log, Message, Queue } from "../../core/ports";

type Plan = Extract<Message, { readonly kind: "plan" }>;

export interface Planning {
  readonly plan: (message: Plan) => Promise<void>;
  /** Nothing is begun any more. */
  readonly isOver: () => boolean;
  readonly log: Pick<Log, "warn">;
}

export class PlansToMake {
  readonly #queue: Pick<Queue, "send">;
  readonly #wanted = new Set<string>();
  readonly #made = new Set<string>();

  constructor(queue: Pick<Queue, "send">) {
    this.#queue = queue;
  }

  /** As the queue does, but keeps what asks for a plan. */
  async send(messages: readonly Message[]): Promise<void> {
    const others = messages.filter((message) => message.kind !== "plan");
    if (others.length > 0) await this.#queue.send(others);
    for (const { profile } of messages.filter(isPlan)) this.#wanted.add(profile);
  }

  /** Throws when one can neither be made nor be put on the queue: then the whole batch has to come again. */
  async make(planning: Planning): Promise<void> {
    const left: Plan[] = [];
    // A plan may ask for others, of profiles that wait for the room it made.
    while (this.#wanted.size > 0) {
      const plans = [...this.#wanted].map((profile) => ({ kind: "plan", profile }) as const);
      this.#wanted.clear();
      const now = plans.filter(({ profile }) => !this.#made.has(profile) && !planning.isOver());
      for (const { profile } of now) this.#made.add(profile);
      const done = await Promise.all(now.map((plan) => isMade(plan, planning)));
      left.push(...plans.filter((plan) => !now.includes(plan)), ...now.filter((_, index) => done[index] !== true));
    }
    if (left.length > 0) await this.#queue.send(left);
  }
}

async function isMade(message: Plan, { plan, log }: Planning): Promise<boolean> {
  try {
    await plan(message);
    return true;
  } catch (error) {
    const { profile } = message;
    log.warn("a profile could not be planned at once, its plan goes on the queue", { profile, error });
    return false;
  }
}

function isPlan(message: Message): message is Plan {
  return message.kind === "plan";
}
