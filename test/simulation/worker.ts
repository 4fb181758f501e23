/** The thread's side: does what it is ordered, and says what came of it. */
import type { MessagePort } from "node:worker_threads";
import type { Answer, Answers, Order, Orders } from "./hand";
import { simulate } from "./simulate";
import { tell } from "./tell";

/** Looking for a smaller failure takes no longer. */
const shrinkMs = 120_000;

export function serve(port: MessagePort): void {
  port.on("message", (order: Order) => {
    obey(order).then(
      (answer) => port.postMessage({ answer } satisfies Answer),
      (error: unknown) => {
        const problem = error instanceof Error ? String(error.stack) : String(error);
        port.postMessage({ problem } satisfies Answer);
      },
    );
  });
}

async function obey(order: Order): Promise<Answers[keyof Orders]> {
  if (order.kind === "tell") {
    const { scenario, shrinks, whole } = order;
    const lateAt = performance.now() + shrinkMs;
    return tell(scenario, { whole, shrink: shrinks ? { isLate: () => performance.now() > lateAt } : undefined });
  }
  const { scenario, jobs, faults, tookMs, violation } = await simulate(order.scenario);
  return { scenario, jobs, faults, tookMs, violation };
}
