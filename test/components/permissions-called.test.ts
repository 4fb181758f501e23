/** That the functions may do what their bundles call, no more and no less. */
import { findBundles } from "../../components/bundles";
import { functionNames } from "../../components/function-names";
import type { FunctionName } from "../../components/function-names";
import { statementsOf } from "../../components/permissions";
import type { Statement } from "../../components/permissions";
import { commandsIn } from "../fixtures/bundle-commands";
import { fleet } from "./some-resources";

/** Of each operation of the SDK, the right it needs. */
const rightOf: Readonly<Record<string, string>> = {
  ...{ GetItem: "dynamodb:GetItem", BatchGetItem: "dynamodb:BatchGetItem", PutItem: "dynamodb:PutItem" },
  ...{ DeleteItem: "dynamodb:DeleteItem", Query: "dynamodb:Query" },
  ...{ SendMessageBatch: "sqs:SendMessage", SendMessage: "sqs:SendMessage", ReceiveMessage: "sqs:ReceiveMessage" },
  ...{ DeleteMessage: "sqs:DeleteMessage", ChangeMessageVisibility: "sqs:ChangeMessageVisibility" },
  GetQueueAttributes: "sqs:GetQueueAttributes",
  ...{ GetParameter: "ssm:GetParameter", GetParametersByPath: "ssm:GetParametersByPath" },
  ...{ GetObject: "s3:GetObject", PutObject: "s3:PutObject", ListObjectsV2: "s3:ListBucket" },
  ...{ CopyObject: "s3:PutObject", CreateMultipartUpload: "s3:PutObject", UploadPart: "s3:PutObject" },
  CompleteMultipartUpload: "s3:PutObject",
  ...{ DeleteObject: "s3:DeleteObject", DeleteObjects: "s3:DeleteObject" },
  ...{ CreateFleet: "ec2:CreateFleet", CreateTags: "ec2:CreateTags", DescribeInstances: "ec2:DescribeInstances" },
  TerminateInstances: "ec2:TerminateInstances",
};

/** The SDK brings these along by itself: directory buckets, and the endpoints of Timestream. */
const neverCalled = ["CreateSession", "DescribeEndpoints"];
const receiving = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"];

/** In the bundle, since an adapter comes as a whole, and not called there. */
const unused: Readonly<Record<FunctionName, readonly string[]>> = {
  webhook: receiving,
  agent: [...receiving, "s3:DeleteObject"],
  api: receiving.filter((action) => action !== "sqs:GetQueueAttributes"),
  work: [],
  sweep: receiving,
  events: receiving,
};

/** Without a command of their own: Lambda does it, or EC2 asks for it when a fleet is created. */
const implied = [
  ...["logs:CreateLogStream", "logs:PutLogEvents"],
  ...["ec2:RunInstances", "iam:PassRole", "iam:CreateServiceLinkedRole", "ssm:GetParameters"],
];

describe("the bundle of function", () => {
  const { functions } = findBundles();
  const granted = (name: FunctionName): readonly string[] => {
    const allowed = statementsOf(name, fleet).filter(({ Effect }: Statement) => Effect === "Allow");
    return [...new Set(allowed.flatMap(({ Action }) => Action))].sort();
  };
  const called = (name: FunctionName): readonly string[] => {
    const operations = commandsIn(functions[name]).filter((operation) => !neverCalled.includes(operation));
    return [
      ...new Set(operations.map((operation) => rightOf[operation] ?? `nobody knows what ${operation} needs`)),
    ].sort();
  };

  it.each(functionNames)("%s calls nothing it has no right to", (name) => {
    const known = [...granted(name), ...unused[name]];
    expect(called(name).filter((action) => !known.includes(action))).toEqual([]);
  });

  it.each(functionNames)("%s calls whatever it has a right to", (name) => {
    const known = [...called(name), ...implied];
    expect(granted(name).filter((action) => !known.includes(action))).toEqual([]);
  });

  it.each(functionNames)("%s has nothing excused that it does not hold, or has a right to", (name) => {
    const [held, allowed] = [called(name), granted(name)];
    expect(unused[name].filter((action) => !held.includes(action) || allowed.includes(action))).toEqual([]);
  });
});
