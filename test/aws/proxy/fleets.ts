/**
 * `CreateFleet` of type `instant`, as far as moto has less of it than AWS: client tokens, images by parameter, pools without
 * capacity as rows of errors, and quotas. The machines themselves are moto's.
 */
import type { Arrived } from "./door";
import { FleetForm, type Override } from "./fleet-form";
import type { Forwarder } from "./forward";
import { imageOf } from "./images";
import type { Machines } from "./machines";
import { ec2Refusal, escaped, sentenceOf, xmlAnswer, type Answer, type KnownCode } from "./refusals";
import type { Rooms, Walls } from "./rooms";

export interface FleetParts {
  readonly forward: Forwarder;
  readonly machines: Machines;
  readonly rooms: Rooms;
  readonly walls: Walls;
}

interface Done {
  readonly words: string;
  readonly answer: Answer;
  readonly made: readonly string[];
}

/** What one pool gave. */
interface Share {
  readonly override: Override;
  readonly count: number;
}

export class Fleets {
  readonly #parts: FleetParts;
  readonly #byToken = new Map<string, Promise<Done>>();

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  /** @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html */
  async create(asked: Arrived): Promise<Answer> {
    const form = new FleetForm(asked.body);
    const { token } = form;
    if (token === undefined) return (await this.#make(form, asked)).answer;
    const before = this.#byToken.get(token);
    if (before !== undefined) return this.#again(await before, form);
    const making = this.#make(form, asked);
    this.#byToken.set(token, making);
    // A token counts once something was made by it, or could have been.
    const forget = (): void => void this.#byToken.delete(token);
    making.then(({ answer }) => (answer.status === 200 ? undefined : forget()), forget);
    return (await making).answer;
  }

  #again({ words, answer, made }: Done, form: FleetForm): Answer {
    if (words !== form.words) return refused("IdempotentParameterMismatch");
    const { gone } = this.#parts.machines;
    return made.some((id) => gone.has(id)) ? refused("IdempotentInstanceTerminated") : answer;
  }

  async #make(form: FleetForm, asked: Arrived): Promise<Done> {
    const { walls, rooms, forward } = this.#parts;
    const { words } = form;
    const wall = walls.refuses(form.market);
    if (wall !== undefined) return { words, answer: refused(wall), made: [] };
    const image = await imageOf(form, asked, forward);
    if (image.kind === "unknown")
      return { words, answer: ec2Refusal("InvalidParameterValue", `${image.name} cannot be resolved`), made: [] };
    const ami = image.kind === "resolved" ? image.ami : undefined;
    if (rooms.isLimited) return { words, ...(await this.#share({ form, ami }, asked)) };
    // Nothing to add: as it came.
    const body = ami === undefined ? asked.body : Buffer.from(form.asked({ ami }).toString());
    const answer = await forward.send({ ...asked, body });
    return { words, answer, made: this.#note(answer.body.toString(), form.market) };
  }

  async #share(
    { form, ami }: { form: FleetForm; ami: string | undefined },
    asked: Arrived,
  ): Promise<Omit<Done, "words">> {
    const shares: Share[] = [];
    const empty: Override[] = [];
    let wanted = form.capacity;
    for (const override of form.overrides) {
      if (wanted === 0) break;
      const count = this.#parts.rooms.take({ ...override, market: form.market }, wanted);
      if (count < wanted) empty.push(override);
      if (count > 0) shares.push({ override, count });
      wanted -= count;
    }
    const items: string[] = [];
    for (const share of shares) {
      const answer = await this.#parts.forward.sendForm(asked, form.asked({ ...share, ami }));
      if (answer.status !== 200) return { answer, made: [] };
      items.push(/<fleetInstanceSet>(.*)<\/fleetInstanceSet>/s.exec(answer.body.toString())?.[1] ?? "");
    }
    const rows = empty.map((override) => errorRow(override, form)).join("");
    const text = `<CreateFleetResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><fleetId>${fleetId}</fleetId><errorSet>${rows}</errorSet><fleetInstanceSet>${items.join("")}</fleetInstanceSet></CreateFleetResponse>`;
    return { answer: xmlAnswer(200, text), made: this.#note(text, form.market) };
  }

  /** Answers the ids of what was made. */
  #note(text: string, market: string): readonly string[] {
    const found = text.split("<lifecycle>").slice(1);
    const before = text.split("</launchTemplateAndOverrides>");
    return found.flatMap((item, index) => {
      const subnet = /<subnetId>([^<]*)<\/subnetId>/.exec(before[index] ?? "")?.[1] ?? "";
      const type = /<instanceType>([^<]*)<\/instanceType>/.exec(item)?.[1] ?? "";
      const ids = [...item.matchAll(/<item>(i-[0-9a-f]+)<\/item>/g)].map(([, id = ""]) => id);
      for (const id of ids) this.#parts.machines.add({ id, market, type, subnet });
      return ids;
    });
  }
}

const fleetId = "fleet-00000000-0000-4000-8000-000000000000";

function refused(code: KnownCode): Answer {
  return ec2Refusal(code, sentenceOf(code));
}

function errorRow({ type, subnet }: Override, { template, market }: FleetForm): string {
  const code = "InsufficientInstanceCapacity";
  const specification = `<launchTemplateSpecification><launchTemplateName>${template}</launchTemplateName></launchTemplateSpecification>`;
  const overrides = `<overrides><instanceType>${type}</instanceType><subnetId>${subnet}</subnetId></overrides>`;
  return `<item><launchTemplateAndOverrides>${specification}${overrides}</launchTemplateAndOverrides><lifecycle>${market}</lifecycle><errorCode>${code}</errorCode><errorMessage>${escaped(sentenceOf(code))}</errorMessage></item>`;
}
