/** The api function of a fleet as an address: whoever asks is known by the signature of each request. */
import { amzDate, authorizationOf, sha256Hex, type AwsCredentials } from "../../machine/aws-signature";
import type { CliIo } from "../io";
import type { Address, Outgoing } from "../server-address";
import type { Fleet } from "./fleet";

/** Throws `aws-credentials`, and `fleet-outdated` for a fleet that does not say where it is. */
export async function fleetAddress({ name, fact, parameters }: Fleet, io: Pick<CliIo, "now">): Promise<Address> {
  const api = new URL(fact("api"));
  const [credentials, configured] = await Promise.all([parameters.credentials(), parameters.region()]);
  const signer = { ...credentials, ...signingScope(api, configured) };
  return {
    url: api,
    fleet: name,
    from: `fleet ${name}`,
    proof: (outgoing) => signedHeaders(outgoing, { ...signer, now: io.now() }),
  };
}

export interface Scope {
  readonly service: "lambda" | "execute-api";
  readonly region: string;
}

/** A function's own address and an API in front of it both say in their names who checks the signature, and where. */
export function signingScope({ hostname }: URL, configured: string): Scope {
  const [, own] = /\.lambda-url\.([a-z0-9-]+)\.on\.aws$/.exec(hostname) ?? [];
  const [, ofApi] = /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(hostname) ?? [];
  if (ofApi !== undefined) return { service: "execute-api", region: ofApi };
  return { service: "lambda", region: own ?? configured };
}

type Signer = AwsCredentials & Scope & { readonly now: number };

function signedHeaders({ method, url, headers, body }: Outgoing, signer: Signer): Readonly<Record<string, string>> {
  const { now, sessionToken } = signer;
  const whole = body ?? "";
  const proof = {
    "x-amz-date": amzDate(now),
    "x-amz-content-sha256": sha256Hex(whole),
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const type = headers["content-type"];
  const signed = { host: url.host, ...proof, ...(type === undefined ? {} : { "content-type": type }) };
  const target = `${url.pathname}${url.search}`;
  return { ...proof, authorization: authorizationOf({ method, target, headers: signed, body: whole }, signer) };
}
