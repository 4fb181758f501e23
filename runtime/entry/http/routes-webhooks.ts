/** The door for forges: raw bytes go to the source that has to verify them, and 2xx is said only once all is stored. */
import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { OnejobError } from "../../core/errors";
import { receiveDelivery } from "../../flow/receive-delivery";
import type { HttpContext } from "./context";
import { answer, failure } from "./schemas";
import {
  deliveryId,
  noSuchSource,
  notJson,
  webhookMediaType,
  webhookNotStored,
  webhookTooLarge,
} from "./webhook-request";

interface SourceParams {
  readonly source: string;
}

const schema = {
  tags: ["sources"],
  summary: "Takes a webhook of a forge.",
  security: [],
  params: {
    type: "object",
    properties: { source: { type: "string", description: "Name of the source in the config file." } },
  },
  response: { 202: answer("Received", "Stored, or known to be of no interest."), ...failure },
} as const;

export function webhookRoutes(app: FastifyInstance, context: HttpContext): void {
  const limit = (): number => context.ports.settings().server.maxWebhookBytes;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(webhookMediaType, (_request: FastifyRequest, payload: IncomingMessage) =>
    readBytes(payload, limit()),
  );
  app.post<{ Params: SourceParams }>(
    "/webhooks/:source",
    {
      schema,
      config: { access: "open" },
      onRequest: async ({ params, headers }) => {
        if (context.ports.source(params.source)?.assigns !== false) throw noSuchSource(params.source);
        if (Number(headers["content-length"] ?? 0) > limit()) throw webhookTooLarge(limit());
      },
    },
    (request, reply) => receive(request, reply, context),
  );
}

async function receive(
  request: FastifyRequest<{ Params: SourceParams }>,
  reply: FastifyReply,
  context: HttpContext,
): Promise<FastifyReply> {
  const { source } = request.params;
  const { body } = request;
  if (!(body instanceof Uint8Array)) throw notJson();
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value] as const],
  );
  const receivedAt = context.ports.clock.now();
  const delivery = {
    id: deliveryId(request.headers) ?? request.id,
    headers: Object.fromEntries(headers),
    body,
    receivedAt,
  };
  try {
    const { stored } = context;
    return await reply.code(202).send(await receiveDelivery({ source, delivery, stored }, context.ports));
  } catch (error) {
    const refused = error instanceof OnejobError;
    context.ports.meter.count("onejob_webhooks_total", { source, outcome: refused ? "refused" : "not-stored" });
    throw refused ? error : webhookNotStored(source, error);
  }
}

/** The limit is read anew for each request: it is a setting, and settings can be reloaded. */
async function readBytes(payload: IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Events, not `for await`: leaving a loop early would destroy the connection before the answer is written.
  await new Promise<void>((resolve, reject) => {
    payload.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > limit) reject(webhookTooLarge(limit));
      else chunks.push(chunk);
    });
    payload.once("end", resolve);
    payload.once("error", () => reject(new OnejobError("bad-request", "the body broke off")));
  });
  return Buffer.concat(chunks);
}
