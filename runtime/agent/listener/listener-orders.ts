/** Reads what an enrolment for the executor `github` says. */
import { isAbsolute } from "node:path";
import type { ListenerCredential, ListenerOrders } from "../../core/agent-protocol";
import type { ListenerSettings } from "../../core/settings";
import { isRecord, isStrings } from "../shapes";
import { ListenerRefusal } from "./listener-refusal";

/** Throws a `ListenerRefusal` that quotes nothing: the payload is a credential. */
export function parseListenerOrders(payload: string): ListenerOrders {
  const value = parsed(payload);
  if (isRecord(value) && isCredential(value["credential"]) && isSettings(value["runner"])) {
    return { credential: value["credential"], runner: value["runner"] };
  }
  const detail =
    "the orders for GitHub's listener make no sense to this agent; start agent and server from one version";
  throw new ListenerRefusal("misconfigured", detail);
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}

function isCredential(value: unknown): value is ListenerCredential {
  if (!isRecord(value)) return false;
  if (value["kind"] === "jit") return isWord(value["config"]);
  const { kind, url, token, name, group, labels } = value;
  return kind === "registration" && [url, token, name].every(isWord) && typeof group === "string" && isStrings(labels);
}

function isSettings(value: unknown): value is ListenerSettings {
  if (!isRecord(value)) return false;
  const { path, version, releasesUrl } = value;
  if (path !== undefined) return typeof path === "string" && isAbsolute(path);
  return isWord(version) && typeof releasesUrl === "string" && URL.canParse(releasesUrl);
}

function isWord(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
