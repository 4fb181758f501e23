/** The part of the error catalogue that only people with a fleet on AWS meet. */
import type { CatalogueEntry } from "./error-catalogue";

export const fleetErrors = {
  "aws-credentials": {
    what: "you have no credentials that AWS takes",
    fix:
      "log in again (`aws sso login`, `aws configure`), mend the profile's `credential_process`, or set AWS_PROFILE; " +
      "`aws sts get-caller-identity` must answer",
    retry: false,
    httpStatus: 503,
    exitCode: 77,
  },
  "aws-profile": {
    what: "your AWS profile gives no credentials",
    fix:
      "AWS_PROFILE must name one that `aws configure list-profiles` lists, and its login (`aws sso login`) or " +
      "`credential_process` must work: `aws sts get-caller-identity` tries it",
    retry: false,
    httpStatus: 503,
    exitCode: 77,
  },
  "aws-clock": {
    what: "the clock of this machine is wrong",
    fix: "set it right (`date -u` shows it): AWS takes what is signed within minutes of its own time",
    retry: false,
    httpStatus: 503,
    exitCode: 77,
  },
  "aws-region": {
    what: "there is no AWS region to ask in",
    fix: "set AWS_REGION to the fleet's region, or `region` in your AWS profile (`aws configure set region eu-west-1`)",
    retry: false,
    httpStatus: 400,
    exitCode: 2,
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
  "fleet-incomplete": {
    what: "a part of the fleet is not there",
    fix: "a deployment brings it back: `pulumi up --refresh` for this fleet",
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
