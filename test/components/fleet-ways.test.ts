/** What leads into a fleet, what wakes it, and what it tells people, as declared. */
import { RunnerFleet } from "../../components";
import type { RunnerFleetArgs } from "../../components";
import { keptMetrics, timedStages } from "../../runtime/core/metrics";
import { variants } from "../fixtures/pulumi-fleets";
import { declare, ofType, one } from "../fixtures/pulumi-graph";
import { graphOf } from "./declared-fleets";

describe("the ways into a fleet", () => {
  it("are function URLs that anybody may call, but for the one of people", async () => {
    const graph = await graphOf("smallest");
    const urls = ofType(graph, "FunctionUrl").map(({ name, inputs }) => [name, inputs["authorizationType"]]);
    expect(urls.sort()).toEqual([
      ["ci-ingress-agent", "NONE"],
      ["ci-ingress-api", "AWS_IAM"],
      ["ci-ingress-webhook", "NONE"],
    ]);
    const open = ofType(graph, "Permission").filter(({ inputs }) => inputs["principal"] === "*");
    expect(open.map(({ name, inputs }) => [name, inputs["action"]]).sort()).toEqual([
      ["ci-ingress-agent-invoke", "lambda:InvokeFunction"],
      ["ci-ingress-agent-url", "lambda:InvokeFunctionUrl"],
      ["ci-ingress-webhook-invoke", "lambda:InvokeFunction"],
      ["ci-ingress-webhook-url", "lambda:InvokeFunctionUrl"],
    ]);
  });

  it("are one throttled HTTP API", async () => {
    const graph = await graphOf("http-api");
    expect(ofType(graph, "FunctionUrl")).toEqual([]);
    const routes = ofType(graph, "Route").map(({ inputs }) => [inputs["routeKey"], inputs["authorizationType"]]);
    expect(routes.sort()).toEqual([
      ["ANY /agent/v1/{proxy+}", "NONE"],
      ["ANY /api/v1/{proxy+}", "AWS_IAM"],
      ["POST /webhooks/{source}", "NONE"],
    ]);
    expect(ofType(graph, "Stage")[0]?.inputs["defaultRouteSettings"]).toEqual({
      throttlingRateLimit: 100,
      throttlingBurstLimit: 500,
    });
    expect(graph.outputs["apiUrl"]).toBe("https://abc123.execute-api.eu-central-1.amazonaws.com");
  });

  it("are a private API that only the endpoint of a VPC leads to", async () => {
    const graph = await graphOf("private-api through an endpoint that is there");
    expect([...ofType(graph, "FunctionUrl"), ...ofType(graph, "Api")]).toEqual([]);
    expect(one(graph, "RestApi", "ci-ingress").inputs).toMatchObject({
      endpointConfiguration: { types: "PRIVATE", vpcEndpointIds: ["vpce-0123456789abcdef0"] },
      binaryMediaTypes: ["*/*"],
    });
    const body = JSON.parse(String(one(graph, "RestApi", "ci-ingress").inputs["body"])) as { paths: object };
    expect(Object.keys(body.paths)).toEqual(["/webhooks/{source}", "/agent/v1/{proxy+}", "/api/v1/{proxy+}"]);
    expect(graph.outputs["agentUrl"]).toBe(
      "https://ci-ingress-id-vpce-0123456789abcdef0.execute-api.eu-central-1.amazonaws.com/onejob",
    );
  });

  it("are, in private, open to forges and machines, and to people of this account, all through the endpoint", async () => {
    const graph = await graphOf("private-api through an endpoint that is there");
    // A policy of its own would be wiped by each new body: https://github.com/pulumi/pulumi-aws/issues/4296
    expect(ofType(graph, "RestApiPolicy")).toEqual([]);
    const { Statement } = JSON.parse(String(one(graph, "RestApi", "ci-ingress").inputs["policy"])) as {
      Statement: object[];
    };
    const at = (path: string) => `arn:aws:execute-api:eu-central-1:123456789012:*/${path}`;
    const call = { Principal: "*", Action: "execute-api:Invoke" };
    const ours = { "aws:PrincipalAccount": "123456789012" };
    const forgesAndMachines = [at("onejob/POST/webhooks/*"), at("onejob/*/agent/*")];
    const endpoint = { "aws:SourceVpce": "vpce-0123456789abcdef0" };
    expect(Statement).toEqual([
      { Sid: "ForgesAndMachines", Effect: "Allow", ...call, Resource: forgesAndMachines },
      {
        ...{ Sid: "PeopleOfThisAccount", Effect: "Allow", ...call, Resource: [at("onejob/*/api/*")] },
        Condition: { StringEquals: ours },
      },
      {
        ...{ Sid: "NobodyElseAsPeople", Effect: "Deny", ...call, Resource: [at("onejob/*/api/*")] },
        Condition: { StringNotEquals: ours },
      },
      {
        ...{ Sid: "OnlyThroughOurEndpoint", Effect: "Deny", ...call, Resource: [at("*")] },
        Condition: { StringNotEquals: endpoint },
      },
    ]);
  });

  it("are, in private, an endpoint that all addresses of the VPC reach, or those that are named", async () => {
    const ownEndpoint = variants["private-api with its own endpoint"];
    const allowed = { ...ownEndpoint, ingress: { kind: "private-api", allowedCidrs: ["10.0.0.0/8"] } };
    const declared = [
      await graphOf("private-api with its own endpoint"),
      await declare(() => new RunnerFleet("ci", allowed as RunnerFleetArgs)),
    ];
    const letIn = declared.map((graph) => one(graph, "SecurityGroup", "ci-ingress-endpoint").inputs["ingress"]);
    expect(letIn).toMatchObject([
      [{ fromPort: 443, toPort: 443, cidrBlocks: ["172.16.0.0/16", "100.64.0.0/16"] }],
      [{ cidrBlocks: ["10.0.0.0/8"] }],
    ]);
  });

  it("are closed to the machines' network: nothing comes in", async () => {
    const { inputs } = one(await graphOf("smallest"), "SecurityGroup", "ci-network");
    expect(inputs["ingress"]).toEqual([]);
  });
});

describe("what wakes a fleet", () => {
  it("is EC2, for interruptions, rebalancing and ends", async () => {
    const rules = ofType(await graphOf("smallest"), "EventRule").filter(({ name }) => name.startsWith("ci-lifecycle"));
    const patterns = rules.map(({ inputs }) => JSON.parse(String(inputs["eventPattern"])) as object);
    expect(patterns).toEqual([
      { source: ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"] },
      { source: ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"] },
      {
        source: ["aws.ec2"],
        "detail-type": ["EC2 Instance State-change Notification"],
        detail: { state: ["shutting-down", "terminated"] },
      },
    ]);
  });

  it.each([
    ["smallest", "rate(1 minute)"],
    ["everything", "rate(5 minutes)"],
  ])("is the clock (%s: %s)", async (variant, scheduleExpression) => {
    const [schedule] = ofType(await graphOf(variant), "Schedule");
    expect(schedule?.inputs).toMatchObject({ scheduleExpression, flexibleTimeWindow: { mode: "OFF" } });
  });
});

describe("what tells people", () => {
  it("is five alarms, each with what to do, to nobody unless somebody is named", async () => {
    const alarms = ofType(await graphOf("smallest"), "MetricAlarm");
    expect(alarms).toHaveLength(5);
    expect(alarms.filter(({ inputs }) => String(inputs["alarmDescription"]).length < 60)).toEqual([]);
    expect(alarms.flatMap(({ inputs }) => inputs["alarmActions"])).toEqual([]);
  });

  it.each([
    ["everything", "arn:aws:sns:eu-central-1:123456789012:ci-alarms-1a2b3c"],
    ["own topic, no baking", "arn:aws:sns:eu-central-1:123456789012:alarms"],
  ])("is a topic (%s)", async (variant, topic) => {
    const alarms = ofType(await graphOf(variant), "MetricAlarm");
    expect(alarms.map(({ inputs }) => inputs["alarmActions"])).toEqual(alarms.map(() => [topic]));
  });

  it("may be published to by alarms of this account, and by EventBridge, which names no account", async () => {
    const [policy] = ofType(await graphOf("everything"), "TopicPolicy");
    const { Statement } = JSON.parse(String(policy?.inputs["policy"])) as { Statement: object[] };
    expect(Statement.map((statement) => ({ Condition: undefined, ...statement }))).toMatchObject([
      {
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
      { Principal: { Service: "events.amazonaws.com" }, Condition: undefined },
    ]);
  });

  it.each([
    ["smallest", "AWS/Lambda", "Url5xxCount", { FunctionName: "ci-functions-webhook-1a2b3c" }],
    ["http-api", "AWS/ApiGateway", "5xx", { ApiId: "ci-ingress-id", Stage: "$default" }],
    [
      "private-api through an endpoint that is there",
      ...(["AWS/ApiGateway", "5XXError", { ApiName: "ci-ingress-1a2b3c", Stage: "onejob" }] as const),
    ],
  ])("is an alarm of webhooks that are answered 503, which is no error of the function (%s)", async (...row) => {
    const [variant, namespace, metricName, dimensions] = row;
    const { inputs } = one(await graphOf(variant), "MetricAlarm", "ci-watch-webhook-fails");
    expect(inputs).toMatchObject({ namespace, metricName, dimensions, statistic: "Sum" });
    expect(inputs).toMatchObject({ comparisonOperator: "GreaterThanThreshold", treatMissingData: "notBreaching" });
  });

  it.each([
    ["smallest", 600],
    ["everything", 3_000],
  ])("is an alarm of a sweep that never ends well, or is never begun (%s)", async (variant, period) => {
    const { inputs } = one(await graphOf(variant), "MetricAlarm", "ci-watch-sweep-silent");
    expect(inputs).toMatchObject({ namespace: "AWS/Lambda", metricName: "Errors", statistic: "Minimum", threshold: 0 });
    expect(inputs).toMatchObject({ comparisonOperator: "GreaterThanThreshold", treatMissingData: "breaching", period });
  });

  it.each([
    ["smallest", "arn:aws:lambda:eu-central-1:123456789012:function:ci-functions-events-1a2b3c"],
    ["everything", "arn:aws:sns:eu-central-1:123456789012:ci-alarms-1a2b3c"],
  ])("is told of images that could not be baked, wherever some are (%s)", async (variant, arn) => {
    expect(one(await graphOf(variant), "EventTarget", "ci-images-failed").inputs).toMatchObject({ arn });
  });

  it("is a dashboard and a budget where they are asked for", async () => {
    const [without, all] = [await graphOf("smallest"), await graphOf("everything")];
    expect([...ofType(without, "Dashboard"), ...ofType(without, "Budget")]).toEqual([]);
    const { widgets } = JSON.parse(String(ofType(all, "Dashboard")[0]?.inputs["dashboardBody"])) as {
      widgets: { properties: { title: string; metrics: string[][] } }[];
    };
    const shown = new Set(widgets.flatMap(({ properties }) => properties.metrics.map(([, name]) => name)));
    expect([...shown]).toEqual(expect.arrayContaining(Object.keys(keptMetrics)));
    const stages = widgets.filter(({ properties }) => properties.title.startsWith("Time in each stage, p95"));
    expect(stages[0]?.properties.metrics.map((metric) => metric.at(-1))).toEqual(timedStages);
    expect(ofType(all, "Budget")[0]?.inputs).toMatchObject({
      limitAmount: "500",
      costFilters: [{ name: "TagKeyValue", values: ["user:onejob:fleet$ci"] }],
    });
  });
});
