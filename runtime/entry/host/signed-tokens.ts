/**
 * The `Tokens` port: `oj_<kind>_<subject>.<mac>`, both base64url. Whoever holds the key can make any token again, so
 * none is stored. The key is made once and kept in the ledger, so agents stay recognised over a restart.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Ledger, TokenKind, Tokens } from "../../core/ports";
import { agentKeySecret } from "../../core/secret-names";

const keyBytes = 32;
/** The last moment a date can name: never. */
const never = 8_640_000_000_000_000;

export async function openTokens(ledger: Pick<Ledger, "remember">): Promise<Tokens> {
  const kept = await ledger.remember(agentKeySecret, randomBytes(keyBytes).toString("base64url"), never);
  return signedTokens(Buffer.from(kept, "base64url"));
}

export function signedTokens(key: Uint8Array): Tokens {
  const mint = (kind: TokenKind, subject: string): string => {
    // The kind holds no NUL, so no two pairs of kind and subject sign the same bytes.
    const mac = createHmac("sha256", key).update(`${kind}\0${subject}`).digest("base64url");
    return `${prefix(kind)}${Buffer.from(subject).toString("base64url")}.${mac}`;
  };
  return {
    mint,
    check: (kind, token) => {
      if (!token.startsWith(prefix(kind))) return undefined;
      const [encoded = ""] = token.slice(prefix(kind).length).split(".", 1);
      const subject = Buffer.from(encoded, "base64url").toString();
      // Against the whole token as we would mint it: base64 has several spellings of the same bytes.
      return sameText(mint(kind, subject), token) ? subject : undefined;
    },
  };
}

function prefix(kind: TokenKind): string {
  return `oj_${kind}_`;
}

/** In a time that tells nothing but the length. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
