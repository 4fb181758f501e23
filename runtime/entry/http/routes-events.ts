/** Every change of a job or runner as it happens, as server-sent events. Who was away looks at the lists first. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { jobJson, runnerJson } from "../../core/present";
import type { Change, Changes } from "./changes";
import type { HttpContext } from "./context";
import { failure, rawAnswer } from "./schemas";
import { headersOf, whileConnected } from "./slow-clients";

const schema = {
  tags: ["jobs"],
  summary: "Every change from now on.",
  description: "Server-sent events: `job` with a Job, `runner` with a Runner. Nothing is kept for who was away.",
  response: { 200: rawAnswer("text/event-stream", "Never ends by itself."), ...failure },
} as const;

export function eventRoutes(app: FastifyInstance, context: HttpContext): void {
  const { changes } = context;
  if (changes === undefined) return;
  app.get("/api/v1/events", { schema }, (_request, reply) => stream(reply, { ...context, changes }));
}

type Streaming = Pick<HttpContext, "closing" | "limits"> & { readonly changes: Changes };

function stream(reply: FastifyReply, { changes, closing, limits }: Streaming): void {
  const signal = whileConnected(reply, closing);
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...headersOf(reply),
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  });
  const send = (text: string): void => {
    raw.write(text);
    // A client that does not read is cut off: what it leaves unread would fill our memory.
    if (raw.writableLength > limits.eventBacklogBytes) raw.destroy();
  };
  const unsubscribe = changes.subscribe((change) => {
    const event = asEvent(change);
    if (event !== undefined) send(event);
  });
  const ping = setInterval(() => send(": ping\n\n"), limits.pingMs).unref();
  const stop = (): void => {
    clearInterval(ping);
    unsubscribe();
    raw.end();
  };
  send(": connected\n\n");
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
}

function asEvent(change: Change): string | undefined {
  switch (change.kind) {
    case "job":
      return `event: job\ndata: ${JSON.stringify(jobJson(change.job))}\n\n`;
    case "runner":
      return `event: runner\ndata: ${JSON.stringify(runnerJson(change.runner))}\n\n`;
    case "log":
      return undefined;
  }
}
