/** Checks the assertion an app signs for itself, with GitHub's own words for what is wrong. */
import { verify } from "node:crypto";
import type { App } from "./model";
import { Refusal } from "./reply";

const undecodable = () => new Refusal(401, "A JSON web token could not be decoded");
const maxAheadSeconds = 600;
const driftSeconds = 60;

export function looksLikeJwt(text: string): boolean {
  return !text.startsWith("ghs_") && text.split(".").length === 3;
}

/** The app that signed it. Refuses what GitHub refuses. `nowMs` is the fake's own time. */
export function checkAppJwt(
  jwt: string,
  { apps, nowMs }: { readonly apps: readonly App[]; readonly nowMs: number },
): App {
  const [head = "", claims = "", signature = ""] = jwt.split(".");
  const header = decode(head);
  const { iss, iat, exp } = decode(claims);
  if (header.alg !== "RS256") throw undecodable();
  if (iss === undefined) throw new Refusal(401, "Missing 'issuer' claim ('iss') in assertion");
  const app = apps.find(({ id, clientId }) => String(iss) === String(id) || iss === clientId);
  if (app === undefined) throw new Refusal(404, "Integration not found");
  const signed = verify(
    "RSA-SHA256",
    Buffer.from(`${head}.${claims}`),
    app.publicKey,
    Buffer.from(signature, "base64url"),
  );
  if (!signed) throw undecodable();
  checkTimes({ iat, exp }, nowMs / 1000);
  return app;
}

function checkTimes({ iat, exp }: { readonly iat: unknown; readonly exp: unknown }, now: number): void {
  const expiration = "'Expiration time' claim ('exp')";
  if (exp === undefined) throw new Refusal(401, "Missing 'expiration time' claim ('exp') in assertion");
  if (typeof exp !== "number" || exp <= now) {
    throw new Refusal(
      401,
      `${expiration} must be a numeric value representing the future time at which the assertion expires`,
    );
  }
  if (exp > Math.ceil(now) + maxAheadSeconds) throw new Refusal(401, `${expiration} is too far in the future`);
  if (!Number.isInteger(iat) || (iat as number) > now + driftSeconds) {
    throw new Refusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
}

function decode(part: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Readonly<Record<string, unknown>>;
  } catch {
    throw undecodable();
  }
}
