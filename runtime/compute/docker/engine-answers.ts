/** What an engine answers, checked where it comes in: Docker and Podman differ in what they leave out. */
import { EngineError } from "./engine-error";
import type { Labels } from "./labels";

export interface ContainerFacts {
  readonly id: string;
  readonly labels: Labels;
  readonly running: boolean;
  /** Its program was started at least once. */
  readonly started: boolean;
  /** When the container was made; `null`: it does not say. */
  readonly createdAt: number | null;
}

export interface ListedContainer {
  readonly id: string;
  readonly labels: Labels;
  readonly running: boolean;
}

export interface ImageFacts {
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly hasHealthcheck: boolean;
}

export function containerFacts(answer: unknown): ContainerFacts {
  const { Id: id, Config: config, State: state, Created: created } = recordOf(answer, "a container");
  if (typeof id !== "string" || !isRecord(state)) throw senseless("a container");
  const startedAt = state["StartedAt"];
  const createdAt = Date.parse(String(created));
  return {
    id,
    labels: labelsOf(isRecord(config) ? config["Labels"] : undefined),
    running: state["Running"] === true,
    // Never is the year 1.
    started: typeof startedAt === "string" && startedAt !== "" && !startedAt.startsWith("0001-"),
    createdAt: Number.isNaN(createdAt) ? null : createdAt,
  };
}

export function listedContainers(answer: unknown): readonly ListedContainer[] {
  if (!Array.isArray(answer)) throw senseless("the list of containers");
  return answer.map((entry: unknown) => {
    const { Id: id, Labels: labels, State: state } = recordOf(entry, "the list of containers");
    if (typeof id !== "string") throw senseless("the list of containers");
    return { id, labels: labelsOf(labels), running: alive.has(String(state)) };
  });
}

/** A paused program is not dead; one that is being removed is. */
const alive = new Set(["running", "paused", "restarting", "stopping"]);

export function imageFacts(answer: unknown): ImageFacts {
  const { Config: config } = recordOf(answer, "an image");
  const told = isRecord(config) ? config : {};
  const env = Array.isArray(told["Env"]) ? told["Env"].filter((entry) => typeof entry === "string") : [];
  return { env, hasHealthcheck: isRecord(told["Healthcheck"]) };
}

export function volumeNames(answer: unknown): readonly string[] {
  const volumes = isRecord(answer) ? answer["Volumes"] : undefined;
  if (!Array.isArray(volumes)) return [];
  return volumes.flatMap((volume) => (isRecord(volume) && typeof volume["Name"] === "string" ? [volume["Name"]] : []));
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw senseless(what);
  return value;
}

function labelsOf(value: unknown): Labels {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : [])),
  );
}

function senseless(what: string): EngineError {
  return new EngineError("unknown", `what the engine says of ${what} makes no sense; is it a Docker Engine API?`);
}
