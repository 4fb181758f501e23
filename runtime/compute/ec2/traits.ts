/** What is said of this compute wherever only a part of it is at work. */
import { ec2ListLagMs } from "../../core/aws-identity";
import type { Compute } from "../../core/ports";

export const ec2Traits = {
  kind: "ec2",
  wall: "machine",
  listLagMs: ec2ListLagMs,
} as const satisfies Partial<Compute>;
