/** Bundles and logs of a fleet. */
import { S3Client } from "@aws-sdk/client-s3";
import { systemClock } from "../host/node-random";
import { bucketFiles } from "./bucket-files";
import { clientOptions } from "./clients";
import type { Brought } from "./fleet-ports";

export const fleetFiles: NonNullable<Brought["files"]> = ({ bucket }) =>
  bucketFiles({
    ...{ client: new S3Client(clientOptions), bucket, clock: systemClock },
    // As the SDK has it; only where S3 is not AWS's own.
    endpoint: process.env["AWS_ENDPOINT_URL_S3"] || process.env["AWS_ENDPOINT_URL"] || undefined,
  });
