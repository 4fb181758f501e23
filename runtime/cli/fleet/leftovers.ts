/** What is left of a fleet, in words: what it is, and what to do about it. */
import type { RunnerView } from "../api-types";
import type { LeftThing } from "./machines";

export interface Seen {
  /** By the fleet's own word. */
  readonly runners: readonly RunnerView[];
  /** By EC2's. */
  readonly left: readonly LeftThing[];
}

/** A machine that nobody has begun to end. */
export function isStanding({ kind, state }: LeftThing): boolean {
  return kind === "machine" && state !== "shutting-down";
}

/** "2 machines, 1 volume". */
export function counted(kinds: readonly string[]): string {
  const names = [...new Set(kinds)];
  return names
    .map((name) => {
      const count = kinds.filter((kind) => kind === name).length;
      return `${count} ${name}${count === 1 ? "" : "s"}`;
    })
    .join(", ");
}

const mostNamed = 5;

export function described(left: readonly LeftThing[]): string {
  const named = left.slice(0, mostNamed).map(({ id, state, bakes }) => `${id} (${bakes ? "bakes an image" : state})`);
  return [...named, ...(left.length > mostNamed ? [`${left.length - mostNamed} more`] : [])].join(", ");
}

export interface Order {
  readonly fleet: string;
  readonly now: boolean;
}

/** One line for each thing a person can do. */
export function toDo({ runners, left }: Seen, { fleet, now }: Order): readonly string[] {
  const standing = left.filter(isStanding);
  const bakes = standing.filter((thing) => thing.bakes);
  const others = standing.filter((thing) => !thing.bakes);
  const ids = others.map(({ id }) => id).join(" ");
  const rest = left.filter(({ kind }) => kind !== "machine");
  return [
    `wait on with the same command${now || runners.length === 0 ? "" : ", or cancel what runs with --now"}`,
    ...(bakes.length === 0 ? [] : [`wait for the image that ${bakes.map(({ id }) => id).join(", ")} bakes`]),
    ...(others.length === 0 || runners.length > 0 ? [] : [byHand(now, ids)]),
    ...(left.length === rest.length && rest.length > 0 ? rest.map(removal) : []),
    `or take jobs again: onejob drain --resume --fleet ${fleet}`,
  ];
}

function byHand(now: boolean, ids: string): string {
  return now ? `end it yourself: aws ec2 terminate-instances --instance-ids ${ids}` : `end ${ids} with --now`;
}

function removal({ kind, id }: LeftThing): string {
  return kind === "volume"
    ? `aws ec2 delete-volume --volume-id ${id}`
    : `aws ec2 delete-network-interface --network-interface-id ${id}`;
}
