/** The proof of machines that were handed a token at launch. */
import type { Identity, IdentityProof, Tokens } from "./ports";

/** `undefined`: it proves nothing. */
export function identityByToken(proof: IdentityProof, tokens: Pick<Tokens, "check">): Identity | undefined {
  const runner = proof.kind === "token" ? tokens.check("boot", proof.token) : undefined;
  return runner === undefined ? undefined : { runner };
}
