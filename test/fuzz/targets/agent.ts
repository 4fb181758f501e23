/** The agent protocol, both ways: what agents may send a server, and what a server may tell an agent. */
import { Readable } from "node:stream";
import { parseEnrolAnswer, parseEnrolLater, parseOrders } from "../../../runtime/agent/answers";
import { readBoot } from "../../../runtime/agent/boot";
import { Session } from "../../../runtime/agent/session";
import { enrolment, heartbeat, hostile, report, told } from "../agent-messages";
import { checkAnswer, headerText } from "../answers";
import type { Dice } from "../dice";
import { shorterBytes } from "../minimise";
import { mutateWords } from "../mutate";
import { openScene, type Scene } from "../scene";
import { promise, type Stage, type Target } from "../target";
import { ask } from "../wire";

type Route = "enrol" | "report" | "heartbeat" | "bundle";

type Input =
  | {
      readonly to: "server";
      readonly route: Route;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
    }
  | { readonly to: "agent"; readonly body: Buffer };

export const agent: Target<Input> = {
  name: "agent",
  share: 12,
  round: 150,
  open: async () => new Agents(await openScene()),
  *smaller(input) {
    for (const body of shorterBytes(input.body)) yield { ...input, body };
  },
  show: (input) => JSON.stringify({ ...input, body: input.body.toString("latin1") }),
};

class Agents implements Stage<Input> {
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  make(dice: Dice): Input {
    if (dice.percent(15)) return { to: "agent", body: hostile(dice.pick(told), dice) };
    const route = dice.pick<Route>([
      "enrol",
      "enrol",
      "report",
      "report",
      "report",
      "heartbeat",
      "heartbeat",
      "bundle",
    ]);
    const headers = { authorization: `Bearer ${this.#bearer(dice)}`, "content-type": contentType(dice) };
    return { to: "server", route, headers, body: hostile(this.#message(route, dice), dice) };
  }

  #message(route: Route, dice: Dice): object {
    switch (route) {
      case "enrol":
        return enrolment(dice, this.#scene);
      case "report":
        return report(dice);
      case "heartbeat":
      case "bundle":
        return heartbeat(dice);
    }
  }

  #bearer(dice: Dice): string {
    const { leases, bootTokens } = this.#scene;
    if (dice.percent(85)) return dice.pick(leases);
    return dice.percent(30) ? dice.pick(bootTokens) : headerText(mutateWords(dice.pick(leases), dice));
  }

  async attempt(input: Input): Promise<void> {
    if (input.to === "agent") return hear(input.body);
    const { app, clock, pump, checkLog } = this.#scene.server;
    const { route, headers, body } = input;
    const isBundle = route === "bundle";
    const answer = await ask(app.server, {
      ...{ method: isBundle ? "GET" : "POST", path: `/agent/v1/${route}` },
      ...{ headers: Object.entries(headers), body: isBundle ? Buffer.alloc(0) : body },
    });
    checkAnswer(isBundle && answer.statusCode === 200 ? { ...answer, payload: "" } : answer);
    promise(
      [200, 202, 400, 401, 404, 409, 410, 413, 415].includes(answer.statusCode),
      () => `${route} was answered ${answer.statusCode}`,
    );
    if (!isBundle && answer.statusCode === 200) checkUnderstood(route, JSON.parse(answer.payload));
    clock.forward(200);
    await pump();
    checkLog();
  }

  close(): Promise<void> {
    return this.#scene.server.close();
  }
}

function contentType(dice: Dice): string {
  if (dice.percent(95)) return "application/json";
  return dice.pick(["application/json; charset=utf-16", "text/plain", "application/x-www-form-urlencoded", "", "a/b"]);
}

/** What our server says our agent takes. */
function checkUnderstood(route: Route, answer: unknown): void {
  const understood = route === "enrol" ? parseEnrolAnswer(answer) : parseOrders(answer);
  promise(understood !== undefined, () => `an answer that no agent understands: ${JSON.stringify(answer)}`);
}

/** An answer that makes no sense is a value to the agent, never an exception. */
async function hear(body: Buffer): Promise<void> {
  await readBoot(Readable.from([body.subarray(0, 10), body.subarray(10)], { objectMode: false }));
  const value = parsed(body.toString("utf8"));
  parseEnrolAnswer(value);
  parseEnrolLater(value);
  const orders = parseOrders(value);
  if (orders !== undefined) new Session().take(orders);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
