/** A server that answers what it was told to, in place of ours. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Dice } from "./dice";
import { mutateJson } from "./mutate";
import { oddJson, oddText } from "./odd";

export interface HostileAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const at = "2026-11-21T12:00:00.000Z";
const job = {
  ...{ key: "api/local/1", id: "1", source: "api", host: "local", scope: "", name: "make", labels: ["linux"] },
  ...{ profile: "default", state: "completed", reason: null, exitCode: 0, attempt: 1, runner: null, url: null },
  ...{ createdAt: at, queuedAt: at, startedAt: at, finishedAt: at },
};
const runner = {
  ...{ id: "r1", name: "onejob-r1", profile: "default", compute: "process", machine: "r1", state: "idle", job: null },
  ...{ createdAt: at, deadlineAt: at, lastHeartbeatAt: null },
};
const stages = [{ stage: "started", ms: 5 }];
const answers: readonly object[] = [
  job,
  ...[{ items: [job], nextCursor: "x" }, { items: [runner] }, { items: [{ at, stage: "created", attempt: 1 }] }],
  { job, waiting: true, reason: "no-capacity", what: "w", fix: "f", stages },
  { version: "1", startedAt: at, uptimeMs: 5, draining: false, accepting: true, jobs: {}, runners: {}, queueDepth: 0 },
  { error: { code: "not-found", what: "w", fix: "f", retry: false } },
];

/** None that asks to be tried again: a command that waits would do so for a minute. */
const statuses = [200, 200, 200, 200, 201, 202, 204, 301, 400, 401, 404, 409, 418, 422, 500, 599];

export function hostileAnswer(dice: Dice): HostileAnswer {
  const value = dice.pick(answers);
  const body = dice.pick([
    JSON.stringify(value),
    mutateJson(value, dice),
    mutateJson(value, dice),
    oddJson(dice),
    oddText(dice),
  ]);
  return { status: dice.pick(statuses), type: dice.pick(["application/json", "text/html", "x"]), body };
}

export interface HostileServer {
  readonly url: string;
  /** From now on, one after the other and then from the first again. */
  answer(answers: readonly HostileAnswer[]): void;
  close(): Promise<void>;
}

export async function openHostileServer(): Promise<HostileServer> {
  let script: readonly HostileAnswer[] = [];
  let given = 0;
  const server = createServer((request, response) => {
    const { status, type, body } = script[given++ % script.length] ?? { status: 200, type: "x", body: "" };
    request.resume();
    response.writeHead(status, { "content-type": type, connection: "close" });
    response.end(status === 204 ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (next) => {
      script = next;
      given = 0;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
