/** EC2 on loopback, as far as a fleet and its CLI ask for it: machines are made at once, described as they stand, and ended. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface Made {
  readonly id: string;
  state: string;
  readonly tags: Map<string, string>;
}

/** A volume or a network interface. */
interface Part extends Made {
  readonly ofAws: boolean;
}

export class StubEc2 {
  readonly url: string;
  /** What was called, in order. */
  readonly actions: string[] = [];
  readonly machines: Made[] = [];
  readonly volumes: Part[] = [];
  readonly networkInterfaces: Part[] = [];
  /** Every call is refused with this code until it is called off. */
  refusal: string | undefined;
  /** Calls are taken and not answered until `speak`. */
  silent = false;
  readonly #held: (() => void)[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => {
      text(request).then(
        (body) => {
          const respond = (): void => {
            const { refusal } = this;
            const answer = this.#answer(new URLSearchParams(body));
            const refused =
              refusal === undefined
                ? ""
                : `<Response><Errors><Error><Code>${refusal}</Code></Error></Errors></Response>`;
            const isDone = answer !== undefined && refusal === undefined;
            response.writeHead(isDone ? 200 : 400, { "content-type": "text/xml" }).end(isDone ? answer : refused);
          };
          if (this.silent) this.#held.push(respond);
          else respond();
        },
        () => response.destroy(),
      );
    });
  }

  static async start(): Promise<StubEc2> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new StubEc2(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** How many calls wait for an answer. */
  get waiting(): number {
    return this.#held.length;
  }

  /** Answers what was not answered, and from now on everything. */
  speak(): void {
    this.silent = false;
    for (const respond of this.#held.splice(0)) respond();
  }

  /** A machine nobody asked for. */
  put(id: string, tags: Readonly<Record<string, string>>): void {
    this.machines.push({ id, state: "running", tags: new Map(Object.entries(tags)) });
  }

  /** Such a thing of a fleet; `ofAws`: AWS keeps it for a service of its own. */
  part(
    id: string,
    { state, tags, ofAws = false }: { state: string; tags: Readonly<Record<string, string>>; ofAws?: boolean },
  ) {
    const list = id.startsWith("vol-") ? this.volumes : this.networkInterfaces;
    list.push({ id, state, ofAws, tags: new Map(Object.entries(tags)) });
  }

  #answer(asked: URLSearchParams): string | undefined {
    const action = asked.get("Action") ?? "";
    this.actions.push(action);
    if (this.refusal !== undefined) return undefined;
    switch (action) {
      case "CreateFleet":
        return answerOf(action, this.#createFleet(asked));
      case "CreateTags":
        for (const made of this.#named(asked, "ResourceId"))
          for (const [key, value] of tagsIn(asked, "Tag")) made.tags.set(key, value);
        return answerOf(action, "<return>true</return>");
      case "DescribeInstances":
        return answerOf(action, this.#describe(asked));
      case "DescribeVolumes":
        return answerOf(action, partsSet(this.volumes, asked, { list: "volumeSet", id: "volumeId" }));
      case "DescribeNetworkInterfaces": {
        const names = { list: "networkInterfaceSet", id: "networkInterfaceId" };
        return answerOf(action, partsSet(this.networkInterfaces, asked, names));
      }
      case "TerminateInstances":
        for (const made of this.#named(asked, "InstanceId")) made.state = "terminated";
        return answerOf(action, "<instancesSet/>");
    }
    return undefined;
  }

  #createFleet(asked: URLSearchParams): string {
    const count = Number(asked.get("TargetCapacitySpecification.TotalTargetCapacity"));
    const tags = tagsIn(asked, "TagSpecification.1.Tag");
    const made = Array.from({ length: count }, (_, n): Made => {
      const id = `i-${String(this.machines.length + n).padStart(17, "0")}`;
      return { id, state: "running", tags: new Map(tags) };
    });
    this.machines.push(...made);
    const ids = made.map(({ id }) => `<item>${id}</item>`).join("");
    return `<fleetId>fleet-1</fleetId><errorSet/><fleetInstanceSet><item><instanceIds>${ids}</instanceIds></item></fleetInstanceSet>`;
  }

  #describe(asked: URLSearchParams): string {
    const listed = asked.has("InstanceId.1") ? this.#named(asked, "InstanceId") : this.machines;
    const items = listed.filter(wantedBy(asked)).map(({ id, state, tags }) => {
      return `<item><instancesSet><item><instanceId>${id}</instanceId><instanceState><name>${state}</name></instanceState><tagSet>${tagItems(tags)}</tagSet></item></instancesSet></item>`;
    });
    return `<reservationSet>${items.join("")}</reservationSet>`;
  }

  #named(asked: URLSearchParams, list: string): readonly Made[] {
    const wanted = new Set([...asked].flatMap(([name, value]) => (name.startsWith(`${list}.`) ? [value] : [])));
    return this.machines.filter(({ id }) => wanted.has(id));
  }
}

function wantedBy(asked: URLSearchParams): (made: Made) => boolean {
  const filters = filtersIn(asked);
  return ({ tags }) => filters.every(([tag, values]) => values.includes(tags.get(tag) ?? ""));
}

function tagItems(tags: Made["tags"]): string {
  return [...tags].map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`).join("");
}

interface Names {
  readonly list: string;
  readonly id: string;
}

function partsSet(parts: readonly Part[], asked: URLSearchParams, names: Names): string {
  const items = parts.filter(wantedBy(asked)).map(({ id, state, tags, ofAws }) => {
    const tagSet = `<tagSet>${tagItems(tags)}</tagSet>`;
    return `<item><${names.id}>${id}</${names.id}><status>${state}</status><requesterManaged>${ofAws}</requesterManaged>${tagSet}</item>`;
  });
  return `<${names.list}>${items.join("")}</${names.list}>`;
}

/** Only those by tag; states and the like let everything through. */
function filtersIn(asked: URLSearchParams): readonly (readonly [string, readonly string[]])[] {
  const filters: [string, string[]][] = [];
  for (let n = 1; asked.has(`Filter.${n}.Name`); n++) {
    const name = asked.get(`Filter.${n}.Name`) ?? "";
    const values = [...asked].flatMap(([key, value]) => (key.startsWith(`Filter.${n}.Value.`) ? [value] : []));
    if (name.startsWith("tag:")) filters.push([name.slice("tag:".length), values]);
  }
  return filters;
}

function tagsIn(asked: URLSearchParams, list: string): readonly (readonly [string, string])[] {
  const tags: [string, string][] = [];
  for (let n = 1; asked.has(`${list}.${n}.Key`); n++)
    tags.push([asked.get(`${list}.${n}.Key`) ?? "", asked.get(`${list}.${n}.Value`) ?? ""]);
  return tags;
}

function answerOf(action: string, content: string): string {
  return `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${content}</${action}Response>`;
}
