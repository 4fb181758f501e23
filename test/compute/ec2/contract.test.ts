import { computeContract } from "../../contract/compute.contract";
import { ec2World } from "./ec2-world";

computeContract("ec2 over an EC2 that is none", () => ec2World());
computeContract("ec2 without spot", () => ec2World({ spot: "never" }));
