/**
 * Which instance signed this. Nothing of the request is taken from whoever sends it but three header values, and each
 * has its form: host, method, body, fleet and nonce are ours, so a signature over anything else does not hold.
 */
import type { SignedProof } from "../../../core/agent-protocol";
import { identityHeaders } from "../../../core/aws-identity";
import { errorText } from "../../../core/error-facts";
import { type FleetFacts, machineFactsOf } from "../../../core/fleet-facts";
import type { Clock, Identity, Log } from "../../../core/ports";
import { runnerSubject } from "../../../core/subject";
import { isInstanceId } from "../instance-id";
import { askSts, type Caller } from "./ask-sts";
import { instantOf, readAuthorization } from "./signed-headers";

export interface Judge {
  readonly facts: FleetFacts;
  readonly region: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: typeof fetch;
}

type Signed = SignedProof & { readonly nonce: string };

/** AWS allows as much; its own clocks are right. */
const longestSkewMs = 5 * 60_000;

/** `undefined`: it proves nothing; the log says why. Throws when STS could not be asked. */
export async function identifyRole(proof: Signed, judge: Judge): Promise<Identity | undefined> {
  const refuse = (why: string): undefined => {
    // Never a value of a header: whoever reads the log could be that machine for some minutes.
    const { profile = null, runner = null } = proof.claim ?? {};
    judge.log.warn("a machine's proof is refused", { why, profile, runner });
  };
  const { region, facts } = judge;
  const { date, sessionToken, nonce, authorization } = proof;
  const headers = identityHeaders({ fleet: facts.fleet, region, nonce, date, sessionToken });
  const malformed = formProblem(proof, headers, judge);
  if (malformed !== undefined) return refuse(malformed);
  const answer = await askSts({ region, headers, authorization }, judge.fetch).catch((error: unknown) => {
    throw new Error(`an identity could not be checked: ${errorText(error)}`, { cause: error });
  });
  if (answer.kind === "refused") return refuse(`STS: ${answer.code}`);
  const known = instanceOf(answer.caller, proof, facts);
  if ("problem" in known) return refuse(known.problem);
  const { machine, profiles } = known;
  if (proof.claim === null) return { machine, runner: null, profiles };
  return { machine, runner: runnerSubject(proof.claim, proof.claim.runner) };
}

function formProblem(proof: Signed, headers: Readonly<Record<string, string>>, judge: Judge): string | undefined {
  const signed = readAuthorization(proof.authorization);
  if (signed === undefined) return "no such authorization";
  if (signed.region !== judge.region || signed.service !== "sts") return "signed for another service or region";
  if (signed.signedHeaders !== Object.keys(headers).join(";")) return "other headers are signed";
  const at = instantOf(proof.date);
  if (!proof.date.startsWith(signed.date) || Number.isNaN(at)) return "no such date";
  if (Math.abs(judge.clock.now() - at) > longestSkewMs) return "too old, or the machine's clock is wrong";
  // All of ASCII that can be seen: what ends a header cannot be in one.
  return /^[\x21-\x7e]+$/.test(proof.sessionToken) ? undefined : "no such session token";
}

interface Known {
  readonly machine: string;
  /** Whose machines have this role. */
  readonly profiles: readonly string[];
}

/** The name of the session is the instance's id, which EC2 alone can give it: the role trusts nobody else. */
function instanceOf(
  { account, userId }: Caller,
  { claim }: Pick<SignedProof, "claim">,
  facts: FleetFacts,
): Known | { readonly problem: string } {
  if (account !== facts.accountId) return { problem: "another account" };
  const [role, session, ...more] = userId.split(":");
  if (role === undefined || session === undefined || more.length > 0) return { problem: "no session of a role" };
  const named = claim === null ? Object.keys(facts.machines) : [claim.profile];
  const profiles = named.filter((profile) => machineFactsOf(facts, profile)?.roleId === role);
  if (profiles.length === 0) return { problem: "not the role of this profile" };
  return isInstanceId(session) ? { machine: session, profiles } : { problem: "the session is no instance" };
}
