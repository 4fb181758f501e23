/**
 * Agents of earlier deployments. A machine runs the one whose checksum stands in its orders; those that boot while a
 * deployment goes on were made with the orders of the one before. Each deployment leaves its agent in the bucket.
 */
import { GetObjectCommand, NoSuchKey, S3Client } from "@aws-sdk/client-s3";
import { keptAgentKey, type FleetFacts } from "../../core/fleet-facts";
import { clientOptions } from "./clients";

/** The agent with this SHA-256, in hex; `undefined`: none of this fleet's. */
export type KeptAgents = (sha256: string) => Promise<Uint8Array | undefined>;

export function keptAgents({ bucket: Bucket }: Pick<FleetFacts, "bucket">): KeptAgents {
  const client = new S3Client(clientOptions);
  return async (sha256) => {
    try {
      const found = await client.send(new GetObjectCommand({ Bucket, Key: keptAgentKey(sha256) }));
      return await found.Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  };
}
