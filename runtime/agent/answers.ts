/** The server's answers, checked. `undefined`: this is not what we asked for, so it is not our server. */
import type { AgentOrders, Assignment, EnrolAnswer, EnrolLater } from "../core/agent-protocol";
import { isCount, isRecord, isStringRecord, isStrings } from "./shapes";

export function parseEnrolAnswer(value: unknown): EnrolAnswer | undefined {
  return isEnrolAnswer(value) ? value : undefined;
}

export function parseEnrolLater(value: unknown): EnrolLater | undefined {
  return isRecord(value) && isCount(value["retryAfterMs"]) ? { retryAfterMs: value["retryAfterMs"] } : undefined;
}

export function parseOrders(value: unknown): AgentOrders | undefined {
  return isOrders(value) ? value : undefined;
}

function isEnrolAnswer(value: unknown): value is EnrolAnswer {
  if (!isRecord(value)) return false;
  const { runner, profile, lease, executor, heartbeatMs } = value;
  return (
    [runner, profile, lease].every((text) => typeof text === "string") &&
    isRecord(executor) &&
    (executor["kind"] === "command" || executor["kind"] === "github") &&
    typeof executor["payload"] === "string" &&
    isCount(heartbeatMs)
  );
}

function isOrders(value: unknown): value is AgentOrders {
  if (!isRecord(value)) return false;
  const { logOffset, assignment, cancel, drain } = value;
  return (
    isCount(logOffset) &&
    typeof cancel === "boolean" &&
    typeof drain === "boolean" &&
    (assignment === null || isAssignment(assignment))
  );
}

function isAssignment(value: unknown): value is Assignment {
  if (!isRecord(value)) return false;
  const { job, name, attempt, command, env, timeoutMs, bundle } = value;
  return (
    typeof job === "string" &&
    typeof name === "string" &&
    isCount(attempt) &&
    attempt > 0 &&
    isStrings(command) &&
    isStringRecord(env) &&
    isCount(timeoutMs) &&
    (bundle === null || (isRecord(bundle) && isCount(bundle["bytes"]) && typeof bundle["sha256"] === "string"))
  );
}
