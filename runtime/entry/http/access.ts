/** Who may call what, decided on the head of a request, before a byte of its body is read. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { OnejobError } from "../../core/errors";
import type { Access, HttpContext } from "./context";

/** Throws `unauthorised`. */
export function checkAccess(request: FastifyRequest, context: HttpContext): void {
  const access: Access = request.routeOptions.config.access ?? "token";
  if (access === "open") return;
  const given = bearer(request);
  if (access === "token" && context.token !== null && !sameSecret(given, context.token))
    throw new OnejobError("unauthorised");
  if (access === "lease" && context.ports.tokens.check("lease", given) === undefined)
    throw new OnejobError("unauthorised", "the lease token");
}

/** The bearer token; "" without one. */
export function bearer(request: FastifyRequest): string {
  return /^bearer +([^\s]+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
}

/** Hashed first, so that the time tells neither the content nor the length of the right one. */
function sameSecret(given: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  // An empty token would be matched by a missing one.
  return right !== "" && timingSafeEqual(digest(given), digest(right));
}
