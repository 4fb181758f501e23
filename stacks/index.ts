/** The fleet of one environment: `pulumi up` with the settings of `stacks/Pulumi.<stack>.yaml`. */
import { RunnerFleet } from "../components";
import { stackArgs } from "./stack-args";

const fleet = new RunnerFleet("ci", stackArgs());

export const { webhookUrls, apiUrl, secretsToFill, nextStep, idleCost, pipelineArns, fleetName } = fleet;
