/**
 * EC2 as far as a fleet needs it, over HTTP: the query protocol in, XML out. It keeps the promises AWS makes (client
 * tokens, tags at creation, one failed id fails a call) and breaks off where a test says so.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeInstance {
  readonly id: string;
  readonly pool: string;
  readonly market: string;
  state: string;
  /** Not in any description yet. */
  hidden: boolean;
  readonly tags: Map<string, string>;
}

/** `after`: all was done, and nobody is told. `hang`: nothing is done, and nobody is ever told. */
export type Mishap =
  | { readonly kind: "error"; readonly code: string; readonly status?: number; readonly text?: string }
  | { readonly kind: "break"; readonly when: "before" | "after" }
  | { readonly kind: "hang" };

export type Action = "CreateFleet" | "CreateTags" | "DescribeInstances" | "TerminateInstances";

export interface Call {
  readonly action: string;
  readonly params: URLSearchParams;
}

interface Row {
  readonly code: string;
  readonly text: string;
  readonly pool: string;
}

interface FleetAnswer {
  readonly made: FakeInstance[];
  readonly rows: readonly Row[];
}

export class FakeEc2 {
  readonly instances = new Map<string, FakeInstance>();
  readonly calls: Call[] = [];
  /** What a pool (`spot m7i.large/subnet-a`) answers instead of machines; "": nothing, and no row either. */
  poolAnswer: (market: string, pool: string, wanted: number) => { code: string; made?: number } | undefined = () =>
    undefined;
  /** New instances are not described until a test shows them. */
  hides = false;
  /** Not yet known to CreateTags and TerminateInstances for so many calls. */
  unseenFor = 0;
  pageSize = 1_000;
  readonly #mishaps = new Map<Action, Mishap[]>();
  readonly #byToken = new Map<string, { readonly words: string; readonly answer: FleetAnswer }>();
  readonly #server: Server;
  #next = 0;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  next(action: Action, ...mishaps: readonly Mishap[]): void {
    this.#mishaps.set(action, [...(this.#mishaps.get(action) ?? []), ...mishaps]);
  }

  callsOf(action: Action): readonly URLSearchParams[] {
    return this.calls.filter((call) => call.action === action).map(({ params }) => params);
  }

  show(): void {
    for (const instance of this.instances.values()) instance.hidden = false;
  }

  /** As if it had never been: repeated calls do not name it any more. */
  forget(id: string): void {
    this.instances.delete(id);
    for (const { answer } of this.#byToken.values()) {
      const at = answer.made.findIndex((instance) => instance.id === id);
      if (at >= 0) answer.made.splice(at, 1);
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString();
    const params = new URLSearchParams(body);
    const action = params.get("Action") as Action;
    this.calls.push({ action, params });
    const mishap = this.#mishaps.get(action)?.shift();
    if (mishap?.kind === "break" && mishap.when === "before") return void response.destroy();
    if (mishap?.kind === "hang") return;
    if (mishap?.kind === "error") return refuse(response, mishap);
    const answer = this.#answers[action](params);
    if (mishap?.kind === "break") return void response.destroy();
    if (typeof answer !== "string") return refuse(response, answer);
    response.setHeader("content-type", "text/xml");
    response.end(`<${action}Response>${answer}</${action}Response>`);
  }

  readonly #answers: Readonly<
    Record<Action, (params: URLSearchParams) => string | Omit<Mishap & { kind: "error" }, "kind">>
  > = {
    CreateFleet: (params) => {
      const token = params.get("ClientToken") ?? "";
      const words = [...params].map(([name, value]) => `${name}=${value}`).join("&");
      const before = this.#byToken.get(token);
      if (before !== undefined && before.words !== words) return { code: "IdempotentParameterMismatch" };
      const answer = before?.answer ?? this.#createFleet(params);
      this.#byToken.set(token, { words, answer });
      // Each time in another order: it means nothing.
      answer.made.reverse();
      return `<fleetId>fleet-1</fleetId><errorSet>${answer.rows.map(errorRow).join("")}</errorSet><fleetInstanceSet>${answer.made.map(madeRow).join("")}</fleetInstanceSet>`;
    },
    CreateTags: (params) => {
      const ids = listOf(params, "ResourceId");
      if (this.#areUnseen(ids)) return { code: "InvalidInstanceID.NotFound" };
      for (const id of ids)
        for (const [name, value] of tagsIn(params, "")) this.instances.get(id)?.tags.set(name, value);
      return "<return>true</return>";
    },
    DescribeInstances: (params) => {
      const found = [...this.instances.values()].filter((instance) => !instance.hidden && fits(instance, params));
      const from = Number(params.get("NextToken") ?? 0);
      const page = found.slice(from, from + this.pageSize);
      const next = from + this.pageSize < found.length ? `<nextToken>${from + this.pageSize}</nextToken>` : "";
      return `<reservationSet>${page.map(describe).join("")}</reservationSet>${next}`;
    },
    TerminateInstances: (params) => {
      const ids = listOf(params, "InstanceId");
      if (this.#areUnseen(ids)) return { code: "InvalidInstanceID.NotFound" };
      for (const id of ids) (this.instances.get(id) as FakeInstance).state = "shutting-down";
      return `<instancesSet>${ids.map((id) => `<item><instanceId>${id}</instanceId></item>`).join("")}</instancesSet>`;
    },
  };

  #areUnseen(ids: readonly string[]): boolean {
    if (this.unseenFor > 0) {
      this.unseenFor -= 1;
      return true;
    }
    return ids.some((id) => !this.instances.has(id));
  }

  #createFleet(params: URLSearchParams): FleetAnswer {
    const market = params.get("TargetCapacitySpecification.DefaultTargetCapacityType") ?? "";
    let wanted = Number(params.get("TargetCapacitySpecification.TotalTargetCapacity"));
    const at = "LaunchTemplateConfigs.1.Overrides";
    const made: FakeInstance[] = [];
    const rows: Row[] = [];
    for (let index = 1; params.has(`${at}.${index}.SubnetId`) && wanted > 0; index += 1) {
      const pool = `${params.get(`${at}.${index}.InstanceType`)}/${params.get(`${at}.${index}.SubnetId`)}`;
      const answer = this.poolAnswer(market, pool, wanted);
      const count = answer === undefined ? wanted : (answer.made ?? 0);
      for (let one = 0; one < count; one += 1) made.push(this.#make(pool, market, params));
      wanted -= count;
      if (answer !== undefined && answer.code !== "") rows.push({ code: answer.code, text: `no ${pool}`, pool });
    }
    return { made, rows };
  }

  #make(pool: string, market: string, params: URLSearchParams): FakeInstance {
    // Ids do not grow.
    const id = `i-0${((this.#next * 7_919 + 5) % 65_536).toString(16).padStart(16, "a")}`;
    this.#next += 1;
    const tags = new Map(tagsIn(params, "TagSpecification.1."));
    const instance = { id, pool, market, state: "pending", hidden: this.hides, tags };
    this.instances.set(id, instance);
    return instance;
  }
}

function refuse(response: ServerResponse, error: { code: string; status?: number; text?: string }): void {
  response.statusCode = error.status ?? 400;
  response.setHeader("content-type", "text/xml");
  const text = error.text ?? `said by the fake: ${error.code}`;
  response.end(
    `<Response><Errors><Error><Code>${error.code}</Code><Message>${text}</Message></Error></Errors><RequestID>1</RequestID></Response>`,
  );
}

function listOf(params: URLSearchParams, name: string): readonly string[] {
  return [...params].filter(([key]) => key.startsWith(`${name}.`)).map(([, value]) => value);
}

function tagsIn(params: URLSearchParams, before: string): [string, string][] {
  const tags: [string, string][] = [];
  for (let index = 1; params.has(`${before}Tag.${index}.Key`); index += 1) {
    tags.push([params.get(`${before}Tag.${index}.Key`) ?? "", params.get(`${before}Tag.${index}.Value`) ?? ""]);
  }
  return tags;
}

function fits(instance: FakeInstance, params: URLSearchParams): boolean {
  for (let index = 1; params.has(`Filter.${index}.Name`); index += 1) {
    const name = params.get(`Filter.${index}.Name`) ?? "";
    const actual = name.startsWith("tag:") ? instance.tags.get(name.slice(4)) : instance.state;
    if (!listOf(params, `Filter.${index}.Value`).includes(actual ?? "")) return false;
  }
  return true;
}

function describe({ id, state, tags }: FakeInstance): string {
  const rows = [...tags].map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`).join("");
  return `<item><instancesSet><item><instanceId>${id}</instanceId><instanceState><name>${state}</name></instanceState><tagSet>${rows}</tagSet></item></instancesSet></item>`;
}

function madeRow({ id, pool, market }: FakeInstance): string {
  return `<item><lifecycle>${market}</lifecycle><instanceIds><item>${id}</item></instanceIds><instanceType>${pool.split("/")[0]}</instanceType></item>`;
}

function errorRow({ code, text, pool }: Row): string {
  const [type, subnet] = pool.split("/");
  const overrides = `<overrides><instanceType>${type}</instanceType><subnetId>${subnet}</subnetId></overrides>`;
  return `<item><launchTemplateAndOverrides>${overrides}</launchTemplateAndOverrides><errorCode>${code}</errorCode><errorMessage>${text}</errorMessage></item>`;
}
