/** The words that some arguments are one of. Pulumi makes an enumeration of each, where the language has them. */

/** Where jobs come from. */
export const SourceKind = { api: "api", github: "github" } as const;
export type SourceKind = (typeof SourceKind)[keyof typeof SourceKind];

/** How the fleet hears of jobs. */
export const Intake = { webhook: "webhook", poll: "poll", both: "both" } as const;
export type Intake = (typeof Intake)[keyof typeof Intake];

/** Processor of the machines. */
export const Architecture = { x64: "x64", arm64: "arm64" } as const;
export type Architecture = (typeof Architecture)[keyof typeof Architecture];

/** Spare capacity, which AWS may take back. */
export const Spot = { preferred: "preferred", only: "only", never: "never" } as const;
export type Spot = (typeof Spot)[keyof typeof Spot];

/** What becomes of a job whose machine AWS takes back. */
export const OnInterruption = { rerun: "rerun", fail: "fail" } as const;
export type OnInterruption = (typeof OnInterruption)[keyof typeof OnInterruption];

/** Whether people may open a shell on a running machine. */
export const Connect = { never: "never", ssm: "ssm" } as const;
export type Connect = (typeof Connect)[keyof typeof Connect];

/** How forges, machines and people reach the fleet. */
export const IngressKind = { functionUrl: "function-url", httpApi: "http-api", privateApi: "private-api" } as const;
export type IngressKind = (typeof IngressKind)[keyof typeof IngressKind];

/** Services that functions inside your VPC reach by an interface endpoint. */
export const PrivateService = { sqs: "sqs", ssm: "ssm", ec2: "ec2", sts: "sts" } as const;
export type PrivateService = (typeof PrivateService)[keyof typeof PrivateService];
