/**
 * What each function may do, and on what: its own ARNs, or machines with the fleet's tag. Pure: from names to policy
 * statements. A test compares the actions with what the functions' bundles call.
 */
import { anySecret, sourceSecrets } from "../runtime/core/secret-names";
import type { FunctionName } from "./function-names";
import { parameterArn } from "./fleet-resources";
import type { FleetResources, Statement } from "./fleet-resources";
import { machineStatements } from "./machine-permissions";

export type { FleetResources, Statement } from "./fleet-resources";

/** With the function's own log group. */
export interface FunctionResources extends FleetResources {
  readonly logGroupArn: string;
  /** The function stands in a VPC. */
  readonly inVpc?: boolean;
}

export function policyOf(name: FunctionName, resources: FunctionResources): object {
  return { Version: "2012-10-17", Statement: statementsOf(name, resources) };
}

export function statementsOf(name: FunctionName, resources: FunctionResources): readonly Statement[] {
  // AWS refuses a statement without a resource: a fleet without a forge has no secrets to read.
  const interfaces = resources.inVpc === true ? networkInterfaces : [];
  return [...logs(resources), ...own[name](resources), ...interfaces].filter(({ Resource }) => Resource.length > 0);
}

const own: Readonly<Record<FunctionName, (resources: FleetResources) => readonly Statement[]>> = {
  webhook: (fleet) => [settings(fleet), secrets("WebhookSecrets", fleet, fleet.webhookSecrets), send(fleet)],
  agent: (fleet) => [
    settings(fleet),
    credentials(fleet),
    ...table(fleet),
    noSecrets(fleet, sourceSecrets),
    send(fleet),
    ...objects(fleet, { read: ["agents", "bundles"], write: ["logs"] }),
  ],
  api: (fleet) => [
    settings(fleet),
    credentials(fleet),
    ...table(fleet),
    noSecrets(fleet, anySecret),
    send(fleet),
    depth(fleet),
    ...objects(fleet, { read: ["bundles", "logs", "uploads"], write: ["bundles", "uploads"], drop: ["bundles"] }),
  ],
  work: (fleet) => [...worker(fleet), receive(fleet)],
  sweep: (fleet) => worker(fleet),
  events: (fleet) => [send(fleet), describeInstances],
};

/** What expires, the table's TTL and the bucket's own rules remove: neither of the two has to do with the bucket. */
const worker = (fleet: FleetResources): readonly Statement[] => [
  settings(fleet),
  credentials(fleet),
  ...table(fleet),
  send(fleet),
  describeInstances,
  ...machineStatements(fleet),
];

function allow(Sid: string, Action: readonly string[], Resource: readonly string[]): Statement {
  return { Sid, Effect: "Allow", Action, Resource };
}

const logs = ({ logGroupArn }: FunctionResources): readonly Statement[] => [
  allow("OwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [`${logGroupArn}:*`]),
];

const settings = (fleet: FleetResources): Statement => {
  const path = parameterArn(fleet, fleet.settingsPath);
  return allow("Settings", ["ssm:GetParametersByPath"], [path, `${path}/*`]);
};

const secrets = (Sid: string, fleet: FleetResources, names: readonly string[]): Statement =>
  allow(
    Sid,
    ["ssm:GetParameter"],
    names.map((name) => parameterArn(fleet, name)),
  );

const credentials = (fleet: FleetResources): Statement => secrets("Credentials", fleet, fleet.credentials);

/** No Scan, no transactions, no PartiQL. */
const tableActions = ["GetItem", "BatchGetItem", "PutItem", "DeleteItem", "Query"].map((verb) => `dynamodb:${verb}`);

/** Indexes are only ever queried. */
const table = ({ tableArn }: FleetResources): readonly Statement[] => [
  allow("Ledger", tableActions, [tableArn]),
  allow("LedgerIndexes", ["dynamodb:Query"], [`${tableArn}/index/*`]),
];

/**
 * What functions share as secrets: the key that machines' leases are signed with, and tokens of forges. A denial, because
 * the rest of the table has keys that no pattern lists; one such key among many of a request is enough for it.
 */
const noSecrets = ({ tableArn }: FleetResources, prefix: string): Statement => ({
  Sid: "NoSharedSecrets",
  Effect: "Deny",
  Action: tableActions,
  Resource: [tableArn],
  Condition: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": [`${prefix}*`] } },
});

const send = ({ queueArn }: FleetResources): Statement => allow("Tell", ["sqs:SendMessage"], [queueArn]);

const depth = ({ queueArn }: FleetResources): Statement => allow("SeeQueue", ["sqs:GetQueueAttributes"], [queueArn]);

/** Lambda itself receives with these, in the function's name. */
const receive = ({ queueArn }: FleetResources): Statement =>
  allow(
    "Hear",
    [
      ...["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"].map(
        (verb) => `sqs:${verb}`,
      ),
    ],
    [queueArn],
  );

/** The first part of an object's name: `keptAgentKey`, and those that `runtime/entry/lambda/bucket-*.ts` make. */
type Shelf = "agents" | "bundles" | "logs" | "uploads";

interface Uses {
  readonly read?: readonly Shelf[];
  readonly write?: readonly Shelf[];
  readonly drop?: readonly Shelf[];
}

/** Nobody writes or drops `agents`, which machines run as root: only a deployment does. */
const objects = ({ bucketArn }: FleetResources, { read = [], write = [], drop = [] }: Uses): readonly Statement[] => {
  const on = (shelves: readonly Shelf[]): readonly string[] => shelves.map((shelf) => `${bucketArn}/${shelf}/*`);
  return [
    allow("ReadObjects", ["s3:GetObject"], on(read)),
    allow("WriteObjects", ["s3:PutObject"], on(write)),
    allow("DropObjects", ["s3:DeleteObject"], on(drop)),
    // A log is many objects, found by their names; and without it an object that is not there answers 403.
    allow("ObjectNames", ["s3:ListBucket"], [bucketArn]),
  ];
};

/** EC2 knows no narrower resource for it. */
const describeInstances: Statement = allow("SeeMachines", ["ec2:DescribeInstances"], ["*"]);

const interfaceActions = [
  ...["CreateNetworkInterface", "DeleteNetworkInterface"],
  ...["AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"],
].map((verb) => `ec2:${verb}`);

/**
 * Lambda makes a function's way into a VPC with the function's own rights, and asks for them on everything. Calls of the
 * code carry the function's ARN, those of Lambda do not: so the code gets nothing by it.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
const networkInterfaces: readonly Statement[] = [
  allow("EnterVpc", [...interfaceActions, "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], ["*"]),
  {
    ...{ Sid: "NotByItsCode", Effect: "Deny", Action: interfaceActions, Resource: ["*"] },
    Condition: { Null: { "lambda:SourceFunctionArn": "false" } },
  },
];
