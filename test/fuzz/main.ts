/**
 * Fuzzing from the command line: `node test/fuzz/fuzz.mjs --inputs 1000000 --seed 1 --targets webhook,agent`.
 * Each target runs in a thread of its own, watched by this one: an input that keeps it busy for ever is a failure too.
 */
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { fuzz, type Failure, type Outcome } from "./run";
import { targets } from "./targets";

interface Order {
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  readonly inputs: number;
  readonly limitMs: number;
  readonly tries: number;
  /** Holds the number of the input that is being tried, and counts the tries. */
  readonly at: SharedArrayBuffer;
}

type News =
  | { readonly problem: string }
  | { readonly failure: Failure }
  | { readonly outcome: Outcome }
  | { readonly broken: string };

const stuckMs = 60_000;
const progressSeconds = 15;

async function work(order: Order): Promise<void> {
  const target = targets.find(({ name }) => name === order.target);
  if (target === undefined) throw new Error(`there is no target ${order.target}`);
  const at = new Int32Array(order.at);
  const troubles: string[] = [];
  const note = (kind: string) => (error: unknown) =>
    void troubles.push(`${kind}: ${error instanceof Error ? String(error.stack) : String(error)}`);
  process.on("unhandledRejection", note("a rejection nobody handled"));
  process.on("uncaughtException", note("an exception nobody caught"));
  const tell = (news: News): void => parentPort?.postMessage(news);
  const outcome = await target.run((one) =>
    fuzz(one, {
      ...order,
      onTry: (number) => {
        Atomics.store(at, 0, number);
        Atomics.add(at, 1, 1);
      },
      onProblem: (number, problem) => tell({ problem: `${order.target} input ${number}: ${problem}` }),
      onFailure: (failure) => tell({ failure }),
      trouble: () => troubles.shift(),
    }),
  );
  tell({ outcome });
}

interface Sum {
  inputs: number;
  failed: number;
}

/** Ends when all inputs were tried; a stuck thread is ended and the rest goes to another. */
async function supervise(order: Omit<Order, "at">, sum: Sum): Promise<void> {
  const last = order.from + order.inputs - 1;
  const stuckAt = await workUntilStuck(order, sum);
  if (stuckAt === undefined) return;
  sum.inputs += stuckAt - order.from + 1;
  sum.failed += 1;
  console.log(`FAILED ${order.target} seed ${order.seed} input ${stuckAt}: stuck for more than ${stuckMs} ms`);
  if (stuckAt < last) await supervise({ ...order, from: stuckAt + 1, inputs: last - stuckAt }, sum);
}

/** The number of the input that keeps the thread busy for ever; `undefined`: none did. */
async function workUntilStuck(order: Omit<Order, "at">, sum: Sum): Promise<number | undefined> {
  const at = new SharedArrayBuffer(8);
  const worker = new Worker(__filename, { workerData: { ...order, at } satisfies Order });
  const watch = new Watch(order, new Int32Array(at));
  const stuckAt = await new Promise<number | undefined>((resolve, reject) => {
    watch.begin(resolve);
    worker.on("message", (news: News) => {
      if ("problem" in news) process.stderr.write(`${news.problem}\n`);
      else if ("failure" in news) show(news.failure);
      else if ("outcome" in news) end(order, news.outcome, sum);
      else reject(new Error(news.broken));
    });
    worker.once("error", reject);
    worker.once("exit", () => resolve(undefined));
  });
  watch.end();
  await worker.terminate();
  return stuckAt;
}

/** Looks each second how far the thread is, and says so now and then. */
class Watch {
  readonly #order: Omit<Order, "at">;
  readonly #at: Int32Array;
  readonly #began = Date.now();
  #seen = { tries: -1, since: Date.now() };
  #timer: NodeJS.Timeout | undefined;

  constructor(order: Omit<Order, "at">, at: Int32Array) {
    this.#order = order;
    this.#at = at;
  }

  begin(onStuck: (number: number) => void): void {
    let looks = 0;
    this.#timer = setInterval(() => {
      const [number, tries] = [Atomics.load(this.#at, 0), Atomics.load(this.#at, 1)];
      if (tries !== this.#seen.tries) this.#seen = { tries, since: Date.now() };
      else if (Date.now() - this.#seen.since > stuckMs) onStuck(number);
      looks += 1;
      if (looks % progressSeconds === 0) this.#tell(number);
    }, 1_000);
  }

  #tell(number: number): void {
    const { target, from, inputs } = this.#order;
    const rate = Math.round(((number - from) / (Date.now() - this.#began)) * 1_000);
    process.stderr.write(`${target}: ${number - from} of ${inputs}, ${rate} per second\n`);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

function show({ target, seed, number, problem, inputs }: Failure): void {
  console.log(`FAILED ${target} seed ${seed} input ${number}: ${problem}`);
  for (const input of inputs) console.log(`  input: ${input.slice(0, 4_000)}`);
}

function end({ target }: Omit<Order, "at">, { inputs, failed, slowest }: Outcome, sum: Sum): void {
  sum.inputs += inputs;
  sum.failed += failed;
  console.log(
    `${target}: inputs ${inputs}, failures ${failed}, slowest ${slowest.ms.toFixed(0)} ms (input ${slowest.number})`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      inputs: { type: "string", default: "100000" },
      seed: { type: "string", default: "1" },
      /** Number of the first input, to see one again. */
      from: { type: "string", default: "0" },
      targets: { type: "string", default: "webhook,agent,http,bundle,config" },
      "limit-ms": { type: "string", default: "20000" },
      /** How often a failing input is tried again, to make it smaller. */
      tries: { type: "string", default: "400" },
    },
  });
  const chosen = values.targets.split(",").map((name) => {
    const target = targets.find((one) => one.name === name);
    if (target === undefined)
      throw new Error(`no target ${name}; there are: ${targets.map((one) => one.name).join(", ")}`);
    return target;
  });
  const [seed, from] = [Number(values.seed), Number(values.from)];
  const common = { seed, from, limitMs: Number(values["limit-ms"]), tries: Number(values.tries) };
  const shares = chosen.reduce((total, { share }) => total + share, 0);
  const sum: Sum = { inputs: 0, failed: 0 };
  for (const { name, share } of chosen) {
    const inputs = Math.ceil((Number(values.inputs) * share) / shares);
    await supervise({ ...common, target: name, inputs }, sum);
  }
  console.log(`inputs ${sum.inputs}, failures ${sum.failed}`);
  process.exitCode = sum.failed === 0 ? 0 : 1;
}

/** The fuzzer itself is at fault. */
function tellBroken(error: unknown): void {
  parentPort?.postMessage({ broken: error instanceof Error ? String(error.stack) : String(error) } satisfies News);
}

void (isMainThread ? main() : work(workerData as Order).catch(tellBroken));
