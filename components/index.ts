/** What a Pulumi program imports: the fleet, and the words its arguments are made of. */
export { RunnerFleet } from "./fleet";
export { FleetArgsError, fleetProblems } from "./fleet-problems";
export type { FleetPlace, Problem } from "./fleet-problems";
export type { CostItem, IdleCost } from "./cost";
export type {
  AlarmsArgs,
  BakeTypes,
  BudgetArgs,
  FleetImagesArgs,
  FunctionUrlArgs,
  GithubSourceArgs,
  HttpApiArgs,
  IngressArgs,
  NetworkArgs,
  PrivateApiArgs,
  ProfileArgs,
  RunnerFleetArgs,
  SourceArgs,
} from "./fleet-args";
