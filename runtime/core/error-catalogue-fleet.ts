/** The part of the error catalogue that only people with a fleet on AWS meet. */
import type { CatalogueEntry } from "./error-catalogue";

export const fleetErrors = {
  "aws-credentials": {
    what: "your AWS credentials are missing, expired or not known to AWS",
    fix: "log in again (`aws sso login`, `aws configure`) or set AWS_PROFILE; `aws sts get-caller-identity` must answer",
    retry: false,
    httpStatus: 503,
    exitCode: 77,
  },
  "aws-refused": {
    what: "AWS refused what was asked of it",
    fix: "check AWS_PROFILE, AWS_REGION and your rights; `aws sts get-caller-identity` says who you are there",
    retry: false,
    httpStatus: 503,
    exitCode: 77,
  },
  "aws-unreachable": {
    what: "AWS cannot be reached",
    fix: "check the network, and AWS_REGION",
    retry: true,
    httpStatus: 503,
    exitCode: 69,
  },
  "fleet-unknown": {
    what: "no fleet of that name was deployed in this account and region",
    fix: "take the name that `pulumi stack output fleetName` gives, and check AWS_PROFILE and AWS_REGION",
    retry: false,
    httpStatus: 404,
    exitCode: 66,
  },
  "fleet-unreachable": {
    what: "the fleet does not answer",
    fix: "check the network; `onejob doctor --fleet NAME` looks further",
    retry: true,
    httpStatus: 503,
    exitCode: 69,
  },
  "fleet-outdated": {
    what: "the fleet was deployed by another version of Onejob",
    fix: "run `pulumi up` with the version of this program",
    retry: false,
    httpStatus: 409,
    exitCode: 1,
  },
  "no-machine": {
    what: "there is no machine to connect to",
    fix: "one is there while a job runs: `onejob runners` lists them, `onejob why JOB` says where the job is",
    retry: true,
    httpStatus: 409,
    exitCode: 1,
  },
  "connect-off": {
    what: "the machine lets nobody in",
    fix: "set `connect: ssm` in the compute of its profile, deploy, and run the job again: machines made before stay closed",
    retry: false,
    httpStatus: 403,
    exitCode: 77,
  },
  "program-missing": {
    what: "another program is needed and not installed",
    fix: "install what the message names, and see that it is on the PATH",
    retry: false,
    httpStatus: 503,
    exitCode: 1,
  },
} as const satisfies Record<string, CatalogueEntry>;
