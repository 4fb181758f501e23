/**
 * A way past the server for packed folders that are too large for it: they go to the store itself, and the job then names
 * them. What comes there is checked like what comes here, before there is a job.
 */
import type { FastifyInstance } from "fastify";
import { sizeText } from "../../core/bundle-names";
import { OnejobError } from "../../core/errors";
import type { BundleFacts } from "../../core/ports";
import type { HttpContext } from "./context";
import { refuseWhenClosing } from "./intake";
import { idempotencyKey } from "./routes-submit";
import { answer, failure } from "./schemas";

const idLength = 32;
/** A place is kept for a day (`components/storage.ts`). */
const keptMs = 24 * 3_600_000;

const schema = {
  tags: ["jobs"],
  summary: "Offers a place for a packed folder that is too large for the server.",
  description:
    "Only where the server has such places (a fleet on AWS); elsewhere it answers 404, and folders come with their job.",
  headers: {
    type: "object",
    properties: { "idempotency-key": { type: "string", description: "The same for each try: the same place." } },
  },
  body: {
    type: "object",
    required: ["bytes", "sha256"],
    additionalProperties: false,
    properties: {
      bytes: { type: "integer", minimum: 1 },
      sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
    },
  },
  response: { 201: answer("Upload", "Where it goes."), ...failure },
} as const;

export function uploadRoutes(app: FastifyInstance, context: HttpContext): void {
  const { ports, limits } = context;
  app.post<{ Body: BundleFacts }>(
    "/api/v1/uploads",
    { schema, onRequest: refuseWhenClosing(context) },
    async (request, reply) => {
      const { direct } = ports.files;
      if (direct === undefined) throw new OnejobError("not-found", "this server takes packed folders with their jobs");
      const { bytes } = request.body;
      if (bytes > limits.uploadBytes) {
        const most = sizeText(limits.uploadBytes);
        throw new OnejobError("bundle-refused", `it is larger than ${most}, the limit of a packed folder`);
      }
      const id = await placeOf(idempotencyKey(request), context);
      const { url, headers, expiresAt } = await direct.offer(id, request.body);
      return reply.code(201).send({ upload: id, url, headers, expiresAt: new Date(expiresAt).toISOString() });
    },
  );
}

async function placeOf(key: string | undefined, { ports }: HttpContext): Promise<string> {
  const id = ports.random.id(idLength);
  return key === undefined ? id : ports.ledger.remember(`upload/${key}`, id, ports.clock.now() + keptMs);
}
