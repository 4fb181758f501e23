/**
 * AWS for tests: `moto_server`, and before it what moto lacks. Everything that no rule is about passes through byte for
 * byte. What stands here instead of moto's own answers is told in `readme.md`.
 *
 * ```ts
 * const proxy = await AwsProxy.start(moto.url);
 * const work = await proxy.open("work");          // a door of its own for each function: AWS_ENDPOINT_URL = work.url
 * proxy.rooms.set({ type: "m7i.large", room: 2 }); // the third machine of that type is a row of the fleet's errors
 * proxy.upset({ action: "CreateFleet", how: "lose" });
 * proxy.calls.count({ service: "dynamodb" });
 * ```
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fakeSts, type FakeSts } from "../../compute/ec2/fake-sts";
import { callOf, CallCounts, isLike, type Asked, type AwsCall } from "./calls";
import { Delays } from "./delays";
import { Door, type Arrived } from "./door";
import type { EmbeddedTable } from "./embedded-table";
import { Fleets } from "./fleets";
import { Forwarder } from "./forward";
import { withoutLate } from "./late-listing";
import { Machines } from "./machines";
import { ec2Refusal, throttleOf, type Answer } from "./refusals";
import { Rooms, Walls } from "./rooms";
import { askFakeSts } from "./sts";

/** What goes wrong with calls, once unless told otherwise. */
export interface Upset extends Partial<AwsCall> {
  /**
   * `throttle`: refused as too many; `cut`: the connection breaks before anything was done; `lose`: all is done, and then
   * the connection breaks; `hold`: not begun until `release`; `slow`: begun `ms` later; `fail`: a fault of AWS's own.
   */
  readonly how: "throttle" | "cut" | "lose" | "hold" | "slow" | "fail";
  /** @default 1 */
  readonly times?: number;
  readonly ms?: number;
}

export interface ProxyOptions {
  /** By which a machine's age is told, so that a test needs not wait. @default the computer's clock */
  readonly now?: () => number;
  /** Asked in place of moto's DynamoDB. It is closed by whoever opened it. @default moto's own */
  readonly table?: EmbeddedTable | undefined;
}

export class AwsProxy {
  readonly calls = new CallCounts();
  readonly machines: Machines;
  /** Which pools have how many machines left. */
  readonly rooms = new Rooms();
  /** Calls for machines that the account's quotas refuse as a whole. */
  readonly walls = new Walls();
  readonly sts: FakeSts = fakeSts();
  /** Messages for later: they come when `release` finds that it is late enough. */
  readonly delays: Delays;
  readonly #doors: Door[] = [];
  readonly #forward: Forwarder;
  readonly #fleets: Fleets;
  readonly #table: EmbeddedTable | undefined;
  #upsets: { readonly upset: Upset; left: number }[] = [];
  #held: (() => void)[] = [];
  /** Machines younger than this are in no listing, by the clock given at the start. */
  lagMs = 0;

  private constructor(moto: string, { now = Date.now, table }: ProxyOptions) {
    this.#forward = new Forwarder(moto);
    this.#table = table;
    this.machines = new Machines(now);
    this.delays = new Delays(this.#forward, now);
    this.#fleets = new Fleets({
      forward: this.#forward,
      machines: this.machines,
      rooms: this.rooms,
      walls: this.walls,
    });
  }

  static start(moto: string, options: ProxyOptions = {}): AwsProxy {
    return new AwsProxy(moto, options);
  }

  /** Who asks through it is known as `caller`, and can be cut off alone. */
  async open(caller: string): Promise<Door> {
    const door = await Door.open(caller, (arrived, by) => this.#answer(arrived, by));
    this.#doors.push(door);
    return door;
  }

  async stop(): Promise<void> {
    this.release();
    await Promise.all(this.#doors.map((door) => door.close()));
    this.#forward.close();
  }

  upset(upset: Upset): void {
    this.#upsets.push({ upset, left: upset.times ?? 1 });
  }

  /** Nothing goes wrong any more, and what was held goes on. */
  calm(): void {
    this.#upsets = [];
    this.rooms.clear();
    this.walls.clear();
    this.lagMs = 0;
    this.release();
  }

  release(): void {
    this.#upsets = this.#upsets.filter(({ upset }) => upset.how !== "hold");
    for (const go of this.#held.splice(0)) go();
  }

  /** `undefined`: the connection breaks. */
  async #answer(asked: Arrived, door: Door): Promise<Answer | undefined> {
    const call = callOf(door.caller, asked);
    this.calls.add(call);
    const upset = this.#next(call);
    if (upset?.how === "throttle") return throttleOf(call.service);
    if (upset?.how === "fail") return failureOf(call);
    if (upset?.how === "cut") return undefined;
    if (upset?.how === "slow") await sleep(upset.ms ?? 0);
    if (upset?.how === "hold") await new Promise<void>((go) => this.#held.push(go));
    const answer = await door.around(call, () => this.#carryOut(call, asked));
    return upset?.how === "lose" ? undefined : answer;
  }

  #next(call: AwsCall): Upset | undefined {
    const found = this.#upsets.find(({ upset, left }) => left > 0 && isLike(call, upset));
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.upset;
  }

  async #carryOut({ service, action }: AwsCall, asked: Asked & Arrived): Promise<Answer> {
    if (service === "sts") return askFakeSts(asked, this.sts);
    if (service === "dynamodb" && this.#table !== undefined) return this.#table.answer(asked);
    if (service === "sqs" && action === "SendMessageBatch") return this.delays.hold(asked) ?? this.#forward.send(asked);
    if (service !== "ec2") return this.#forward.send(asked);
    switch (action) {
      case "CreateFleet":
        return this.#fleets.create(asked);
      case "DescribeInstances":
        return withoutLate(await this.#forward.send(asked), asked, this.machines.youngerThan(this.lagMs));
      case "TerminateInstances": {
        const answer = await this.#forward.send(asked);
        if (answer.status === 200) this.machines.ended(idsIn(asked));
        return answer;
      }
    }
    return this.#forward.send(asked);
  }
}

function idsIn({ body }: Asked): readonly string[] {
  return [...new URLSearchParams(body.toString())].flatMap(([name, value]) =>
    name.startsWith("InstanceId.") ? [value] : [],
  );
}

function failureOf({ service }: AwsCall): Answer {
  if (service === "ec2") return ec2Refusal("InternalError", "An internal error has occurred", 500);
  return { status: 500, headers: ["content-length", "0"], body: Buffer.alloc(0) };
}
