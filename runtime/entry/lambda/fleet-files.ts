/** Bundles and logs of a fleet. */
import { S3Client } from "@aws-sdk/client-s3";
import { bucketFiles } from "./bucket-files";
import { clientOptions } from "./clients";
import type { Brought } from "./fleet-ports";

export const fleetFiles: Brought["files"] = ({ bucket }) =>
  bucketFiles({ client: new S3Client(clientOptions), bucket });
