/** The computes of a fleet. A new kind is one line here. */
import { EC2Client } from "@aws-sdk/client-ec2";
import { ec2Compute } from "../../compute/ec2";
import type { Brought } from "./fleet-ports";
import { patientOptions } from "./clients";

export const fleetComputes: Brought["computes"] = (making) => ({
  ec2: ec2Compute({ ...making, clients: { ec2: new EC2Client(patientOptions) } }),
});
