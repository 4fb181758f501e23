/** The facade for other languages, from the packed package: its schema, and fleets that the engine constructs by it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { status, type ServiceError } from "@grpc/grpc-js";
import type { ComponentResource } from "@pulumi/pulumi";
import { InputPropertiesError } from "@pulumi/pulumi/proto/errors_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import type { RunnerFleet, RunnerFleetArgs } from "../../components";
import { fleetSchema, isInput, isYesOrNo } from "../../components/fleet-schema";
import { kindOf, type GroupNode, type KindsNode, type SettingNode } from "../../runtime/core/settings-node";
import { FakeEngine } from "../fakes/pulumi-engine";
import { fakeAws } from "../stacks/fake-aws";
import { installPacked, root, type Consumer } from "../stacks/packed-package";
import { startPlugin, type Construct, type Constructed, type PluginHost } from "./plugin-host";

const arguments_ = {
  ...{ fleetName: true, sources: true, profiles: true, defaultProfile: true, server: true, sweep: true, lease: true },
  ...{ retention: true, network: true, ingress: true, images: true, alarms: true, dashboard: true, budget: true },
  ...{ logRetentionDays: true, reservedConcurrency: true, protect: true, tags: true },
} satisfies Record<keyof RunnerFleetArgs, true>;

const outputs = {
  ...{ fleetName: true, webhookUrls: true, apiUrl: true, agentUrl: true, secretsToFill: true, nextStep: true },
  ...{ idleCost: true, tableName: true, queueUrl: true, deadLetterQueueUrl: true, bucketName: true },
  ...{ pipelineArns: true, securityGroupId: true, vpcId: true, subnetIds: true },
} satisfies Record<Exclude<keyof RunnerFleet, keyof ComponentResource>, true>;

const smallest = {
  sources: [{ name: "gh", kind: "github", scopes: ["acme"], auth: { appId: 12_345 } }],
  profiles: [{ name: "small", labels: ["self-hosted", "linux", "x64"] }],
};

let consumer: Consumer;
/** For all that is only looked at; what is made for good has an engine of its own. */
let preview: Hosted;
let schema: Schema;

beforeAll(async () => {
  consumer = await installPacked();
  preview = await hosted({ preview: true });
  schema = JSON.parse(await preview.host.schema()) as Schema;
});

afterAll(async () => {
  await preview.close();
  consumer.remove();
});

interface Hosted {
  readonly engine: FakeEngine;
  readonly host: PluginHost;
  readonly close: () => Promise<void>;
}

/** The engine and the plugin it runs: in a folder without any TypeScript, as of a program in Python. */
async function hosted(mode: { readonly preview: boolean }): Promise<Hosted> {
  const engine = new FakeEngine({ project: "other", stack: "dev", preview: mode.preview, provider: fakeAws });
  const address = await engine.listen();
  const plugin = join(consumer.installed, "components", "plugin");
  const host = await startPlugin({ plugin, program: consumer.folder, engine: address });
  const close = async () => {
    await host.close();
    engine.close();
  };
  return { engine, host, close };
}

describe("the schema", () => {
  it("is of the package onejob, in its version, with one component", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
    expect(schema).toMatchObject({ name: "onejob", version });
    expect(Object.keys(schema.resources)).toEqual(["onejob:index:RunnerFleet"]);
    expect(fleet()).toMatchObject({ isComponent: true });
  });

  it("has every argument of RunnerFleet, and asks for those that it asks for", () => {
    expect(Object.keys(fleet().inputProperties).sort()).toEqual(Object.keys(arguments_).sort());
    expect(fleet().requiredInputs).toEqual(["profiles", "sources"]);
  });

  it("has every output of RunnerFleet, and nothing of what it keeps to itself", () => {
    expect(Object.keys(fleet().properties).sort()).toEqual(Object.keys(outputs).sort());
  });

  it("has every key that is checked, down to the last, with the same words and the same Inputs", () => {
    const { inputProperties, requiredInputs } = fleet();
    expect(differences(fleetSchema, { properties: inputProperties, required: requiredInputs })).toEqual([]);
  });

  it("is told of a key that is forgotten, a word that is missing, and a value that may come later", () => {
    const { inputProperties, requiredInputs } = fleet();
    const { tags: _tags, ...properties } = inputProperties;
    const ingress = {
      properties: { kind: { type: "string", plain: true }, vpcEndpointId: { type: "string", plain: true } },
    };
    const broken = {
      properties: { ...properties, ingress: { $ref: "#/types/broken", plain: true } },
      required: requiredInputs,
    };
    schema.types["broken"] = { ...ingress, required: ["kind"] };
    expect(differences(fleetSchema, broken)).toEqual([
      "ingress.allowedCidrs: missing",
      "ingress.kind: not one of function-url, http-api, private-api",
      "ingress.vpcEndpointId: plain",
      "tags: missing",
    ]);
  });
});

describe("the engine that constructs a fleet", () => {
  it("gets at preview what a program in TypeScript would get", async () => {
    const { engine, host } = preview;
    const { urn, state } = await host.construct({ name: "ci", inputs: smallest, preview: true });
    expectFleet(engine, { urn, state });
  });

  it("gets at up what a program in TypeScript would get", async () => {
    const { engine, host, close } = await hosted({ preview: false });
    const made = await host.construct({ name: "ci", inputs: smallest, preview: false }).finally(close);
    expectFleet(engine, made);
    expect(made.state).toMatchObject({
      webhookUrls: { gh: expect.stringMatching(/^https:\/\/.+\/webhooks\/gh$/) as unknown },
      secretsToFill: ["/onejob/ci-dev/secrets/gh/private-key", "/onejob/ci-dev/secrets/gh/webhook-secret"],
      idleCost: { monthlyUsd: expect.any(Number) as unknown },
      vpcId: expect.stringMatching(/^vpc-/) as unknown,
    });
  });

  it("may give the ids of a network that it only knows later", async () => {
    const { engine, host } = preview;
    const before = engine.resources.length;
    const network = { vpcId: laterValue, subnetIds: [laterValue] };
    const dependencies = { network: ["urn:pulumi:dev::other::aws:ec2/vpc:Vpc::ours"] };
    await host.construct({ name: "later", inputs: { ...smallest, network }, preview: true, dependencies });
    const made = engine.resources.slice(before).map(({ type }) => type);
    expect(made).toContain("onejob:index:RunnerFleet");
    expect(made).not.toContain("awsx:ec2:Vpc");
    expect(engine.logged.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("is told all that is wrong at once, each with its path, and nothing is made", async () => {
    const inputs = {
      sources: [{ name: "gh", kind: "github", url: "https://ghes.example.com/api/v3", scopes: ["acme"] }],
      profiles: [{ name: "a", labels: ["linux"], compute: { kind: "ec2", types: ["m7g.large"] } }],
      logRetentionDays: 8,
      reservedConcurrency: 0.5,
      protct: true,
    };
    const { code, details, paths } = await refusalOf({ name: "wrong", inputs, preview: true });
    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(details).toBe('RunnerFleet "wrong": 5 things to correct, nothing was made');
    expect(paths).toEqual([
      "logRetentionDays",
      "profiles[0].compute.types[0]",
      "protct",
      "reservedConcurrency",
      "sources[0].url",
    ]);
    expect(preview.engine.resources.filter(({ name }) => name.startsWith("wrong"))).toEqual([]);
  });

  it("is told that a name must be known before anything is made", async () => {
    const inputs = { ...smallest, fleetName: laterValue };
    const refusal = await refusalOf({ name: "unnamed", inputs, preview: true });
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, paths: ["fleetName"] });
  });
});

function expectFleet(engine: FakeEngine, { urn, state }: Constructed): void {
  expect(urn).toBe("urn:pulumi:dev::other::onejob:index:RunnerFleet::ci");
  expect(Object.keys(state).sort()).toEqual(Object.keys(outputs).sort());
  expect(state).toMatchObject({ fleetName: "ci-dev" });
  expect(engine.resources.filter(({ type }) => type === "aws:lambda/function:Function")).toHaveLength(6);
  expect(engine.resources.filter(({ type }) => type === "onejob:index:RunnerFleet")).toHaveLength(1);
  expect(engine.logged.filter(({ severity }) => severity === "error")).toEqual([]);
}

/** An output whose value is not known yet. @see https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts */
const laterValue = { "4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4", dependencies: [] };

/** What gRPC carries beside its code: each problem with its path. */
async function refusalOf(what: Construct) {
  const refused: unknown = await preview.host.construct(what).catch((error: unknown) => error);
  const { code, details, metadata } = refused as ServiceError;
  const [bytes] = metadata.get("grpc-status-details-bin");
  const [detail] = Status.deserializeBinary(new Uint8Array(bytes as Buffer)).getDetailsList();
  const unpacked = detail?.unpack(InputPropertiesError.deserializeBinary, "pulumirpc.InputPropertiesError");
  const problems = unpacked?.getErrorsList() ?? [];
  return { code, details, paths: problems.map((problem) => problem.getPropertyPath()).sort() };
}

interface Property {
  readonly type?: string;
  readonly $ref?: string;
  readonly plain?: boolean;
  readonly items?: Property;
  readonly additionalProperties?: Property;
}

interface Group {
  readonly properties: Readonly<Record<string, Property>>;
  readonly required: readonly string[];
}

interface Fleet extends Group {
  readonly isComponent: boolean;
  readonly inputProperties: Group["properties"];
  readonly requiredInputs: readonly string[];
}

interface Schema {
  readonly name: string;
  readonly resources: Readonly<Record<string, Fleet>>;
  readonly types: Record<string, Group | { readonly enum: readonly { readonly value: string }[] }>;
}

function fleet(): Fleet {
  const found = schema.resources["onejob:index:RunnerFleet"];
  if (found === undefined) throw new Error("the schema has no RunnerFleet");
  return found;
}

const typeOf = ({ $ref = "" }: Property) => schema.types[$ref.replace("#/types/", "")];

/** What other machines than EC2 are made by, a fleet refuses: it has no other. */
const kindsOf = ({ oneOf }: KindsNode) => oneOf.filter((group) => !["process", "docker"].includes(kindOf(group)));

/** Between what is checked and what the schema says, as paths. */
function differences(node: SettingNode, given: Group, path = ""): string[] {
  const groups = "oneOf" in node ? kindsOf(node) : [node as GroupNode];
  const known = Object.assign({}, ...groups.map(({ properties }) => properties)) as GroupNode["properties"];
  const needed = (groups[0]?.required ?? []).filter((key) => groups.every(({ required }) => required?.includes(key)));
  const at = (key: string) => (path === "" ? key : `${path}.${key}`);
  const unknown = Object.keys(given.properties).filter((key) => !(key in known));
  const kinds = groups.map(kindOf).filter((kind) => kind !== "");
  return [
    ...Object.entries(known).flatMap(([key, inner]) => {
      const property = given.properties[key];
      if (property === undefined) return [`${at(key)}: missing`];
      const words = key === "kind" && kinds.length > 1 ? { ...inner, enum: kinds } : inner;
      return differencesOf(words as SettingNode, property, at(key));
    }),
    ...unknown.map((key) => `${at(key)}: unknown`),
    ...(String([...given.required].sort()) === String([...needed].sort()) ? [] : [`${path}: needs ${String(needed)}`]),
  ].sort();
}

function differencesOf(node: SettingNode, property: Property, path: string): string[] {
  const plain = (property.plain ?? false) === isInput(node) ? [`${path}: ${isInput(node) ? "plain" : "Input"}`] : [];
  return [...plain, ...shapeDifferences(node, property, path)];
}

function shapeDifferences(node: SettingNode, property: Property, path: string): string[] {
  const must = (type: string) => (property.type === type ? [] : [`${path}: not a ${type}`]);
  if (isYesOrNo(node)) return must("boolean");
  if ("items" in node)
    return property.items === undefined ? must("array") : shapeDifferences(node.items, property.items, `${path}[]`);
  if ("oneOf" in node || "properties" in node) {
    if (path === "tags") return property.additionalProperties?.type === "string" ? [] : [`${path}: not texts`];
    const type = typeOf(property);
    return type !== undefined && "properties" in type ? differences(node, type, path) : [`${path}: not an object`];
  }
  const words = node.enum ?? [];
  if (words.length < 2) return must(node.type === "string" ? "string" : "number");
  const type = typeOf(property);
  const offered = type !== undefined && "enum" in type ? type.enum.map(({ value }) => value) : [];
  return String([...offered].sort()) === String([...words].sort()) ? [] : [`${path}: not one of ${words.join(", ")}`];
}
