/** The proof of an instance: a call of `sts:GetCallerIdentity` signed with its role, and what its tags say of it. */
import type { AwsBoot, SignedProof } from "../../core/agent-protocol";
import { identityBody, identityHeaders, machineTags, runnerTagOf } from "../../core/aws-identity";
import type { Clock } from "../../core/ports";
import type { Imds } from "./imds";
import { amzDate, authorizationOf } from "../../machine/aws-signature";

export interface ProverParts {
  readonly aws: AwsBoot;
  readonly imds: Imds;
  readonly clock: Clock;
}

/** Made anew for each try: a signature ages, and tags may come after the machine. Throws when the host does not say. */
export async function proveRole({ aws, imds, clock }: ProverParts, nonce: string): Promise<SignedProof> {
  const [claim, { accessKeyId, secretAccessKey, sessionToken }] = await Promise.all([
    claimOf(imds),
    imds.credentials(),
  ]);
  const { fleet, region } = aws;
  const date = amzDate(clock.now());
  const headers = identityHeaders({ fleet, region, nonce, date, sessionToken });
  const key = { accessKeyId, secretAccessKey, region, service: "sts" };
  const authorization = authorizationOf({ method: "POST", headers, body: identityBody }, key);
  return { kind: "aws", authorization, date, sessionToken, claim };
}

const tags = "/latest/meta-data/tags/instance/";

async function claimOf(imds: Imds): Promise<SignedProof["claim"]> {
  const [profile, alone, machine] = await Promise.all([
    imds.read(tags + machineTags.profile),
    imds.read(tags + machineTags.runner),
    imds.read("/latest/meta-data/instance-id"),
  ]);
  const runner = alone ?? (machine === undefined ? undefined : await imds.read(tags + runnerTagOf(machine)));
  return profile === undefined || runner === undefined ? null : { profile, runner };
}
