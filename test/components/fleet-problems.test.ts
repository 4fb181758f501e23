/** Bad arguments of a fleet: each is told with its path and a remedy, all at once, and before anything is made. */
import * as pulumi from "@pulumi/pulumi";
import { FleetArgsError, RunnerFleet, fleetProblems } from "../../components";
import type { RunnerFleetArgs } from "../../components";
import { smallest, variants } from "../fixtures/pulumi-fleets";
import { declare } from "../fixtures/pulumi-graph";

/** What a program in JavaScript, or a stack's YAML, may say as well. */
const args = (more: object): RunnerFleetArgs => ({ ...smallest, ...more }) as RunnerFleetArgs;
const profile = (more: object) => ({ name: "a", labels: ["linux"], ...more });
const github = (more: object) => ({ name: "gh", kind: "github", scopes: ["acme"], auth: { appId: 1 }, ...more });

const own = { vpcId: "vpc-0123456789abcdef0", subnetIds: ["subnet-0123456789abcdef0"] };
const role = "arn:aws:iam::123456789012:role/ci";
const longLabels = Array.from({ length: 20 }, (_, index) => `${index}-${"日".repeat(90)}`);

interface Row {
  readonly says: string;
  readonly given: RunnerFleetArgs;
  readonly path: string;
  readonly what: RegExp;
  readonly fix: RegExp;
}

const row = (says: string, given: object, path: string): { say: (what: RegExp, fix: RegExp) => Row } => ({
  say: (what, fix) => ({ says, given: args(given), path, what, fix }),
});

const rows: readonly Row[] = [
  row(
    "two profiles that nothing decides between",
    { profiles: [profile({}), profile({ name: "b" })] },
    "profiles[1].labels",
  ).say(/equal those of profiles\[0\]/, /higher priority/),
  row(
    "an instance type of another architecture",
    { profiles: [profile({ compute: { kind: "ec2", types: ["m7g.large"] } })] },
    "profiles[0].compute.types[0]",
  ).say(/"m7g.large" is arm64/, /write arch: arm64/),
  row("an unknown key", { dashbord: true }, "dashbord").say(/there is no key "dashbord"/, /did you mean "dashboard"/),
  row("an unknown key of a profile", { profiles: [profile({ lables: ["x"] })] }, "profiles[0].lables").say(
    /no key/,
    /did you mean "labels"/,
  ),
  row("a key of the server that a fleet has not", { server: { listen: "0.0.0.0:80" } }, "server.listen").say(
    /no key/,
    /remove it/,
  ),
  row("a number out of range", { reservedConcurrency: 451 }, "reservedConcurrency").say(/1 to 450.*451/, /20/),
  row(
    "a limit out of range",
    { profiles: [profile({ limits: { maxRunners: 0 } })] },
    "profiles[0].limits.maxRunners",
  ).say(/1 to 1000/, /maxRunners: 8/),
  row(
    "a private ingress without a VPC",
    {
      profiles: [profile({ compute: { kind: "ec2", image: { ssm: "/acme/images/ci" } } })],
      ingress: { kind: "private-api" },
    },
    "ingress.kind",
  ).say(/VPC of yours/, /network: \{ vpcId, subnetIds \}/),
  row(
    "addresses let in to an endpoint that is there already",
    {
      ...{ images: { bake: false }, network: own },
      profiles: [profile({ compute: { kind: "ec2", image: { ssm: "/acme/images/ci" } } })],
      ingress: { kind: "private-api", vpcEndpointId: "vpce-0123456789abcdef0", allowedCidrs: ["10.0.0.0/8"] },
    },
    "ingress.allowedCidrs",
  ).say(/yours is there/, /security group/),
  row(
    "something that is no range of addresses",
    {
      ...{ images: { bake: false }, network: own },
      profiles: [profile({ compute: { kind: "ec2", image: { ssm: "/acme/images/ci" } } })],
      ingress: { kind: "private-api", allowedCidrs: ["10.0.0.0"] },
    },
    "ingress.allowedCidrs[0]",
  ).say(/IPv4 addresses/, /10\.0\.0\.0\/8/),
  row("an unknown ingress", { ingress: { kind: "function" } }, "ingress.kind").say(
    /no kind "function"/,
    /function-url/,
  ),
  row(
    "a GitHub server's address with a path",
    { sources: [github({ url: "https://github.example.com/api/v3" })] },
    "sources[0].url",
  ).say(/without path/, /https:\/\/github.com/),
  row(
    "a role without a restricted runner group",
    { profiles: [profile({ compute: { kind: "ec2", role } })] },
    "profiles[0].compute.role",
  ).say(/every repository/, /sources\[0\].runnerGroup/),
  row("both forms of a network", { network: { ...own, cidrBlock: "10.1.0.0/16" } }, "network").say(
    /both a network to be made \(cidrBlock\)/,
    /remove vpcId and subnetIds, or cidrBlock/,
  ),
  row("a VPC without subnets", { network: { vpcId: own.vpcId } }, "network.subnetIds").say(/is missing/, /subnetIds/),
  row("something that is no subnet", { network: { ...own, subnetIds: ["sn-1"] } }, "network.subnetIds[0]").say(
    /id of a subnet|subnet/,
    /subnet-/,
  ),
  row("a bad name", { fleetName: "CI" }, "fleetName").say(/must be text|small letters/, /fleetName: ci/),
  row("a text for yes or no", { protect: "true" }, "protect").say(/true or false, not the text/, /protect: true/),
  row("a word for yes or no", { dashboard: "yes" }, "dashboard").say(/one of true, false/, /dashboard/),
  row("days that CloudWatch does not know", { logRetentionDays: 20 }, "logRetentionDays").say(
    /no logs for 20 days/,
    /write 30/,
  ),
  row("a sweep by the second", { sweep: { interval: "90s" } }, "sweep.interval").say(/whole minutes/, /interval: 2m/),
  row("polling", { sources: [github({ intake: "poll" })] }, "sources[0].intake").say(/sleeps between jobs/, /webhook/),
  row(
    "a secret in a file",
    { sources: [github({ auth: { appId: 1, privateKey: { file: "./a.pem" } } })] },
    "sources[0].auth.privateKey",
  ).say(/no files of yours/, /ssm/),
  row(
    "compute that needs a server",
    { profiles: [profile({ compute: { kind: "process" } })] },
    "profiles[0].compute.kind",
  ).say(/server of your own/, /kind: ec2/),
  row(
    "two addresses for alarms",
    { alarms: { email: "a@b.de", topicArn: "arn:aws:sns:eu-central-1:123456789012:x" } },
    "alarms",
  ).say(/both/, /remove email/),
  row("a mail address that is none", { budget: { monthlyUsd: 5, email: "me" } }, "budget.email").say(
    /mail address/,
    /@/,
  ),
  row("a budget of nothing", { budget: { monthlyUsd: 0, email: "a@b.de" } }, "budget.monthlyUsd").say(/1 to/, /100/),
  row(
    "an image baked on the wrong processor",
    { images: { instanceType: { arm64: "c7i.large" } } },
    "images.instanceType.arm64",
  ).say(/is x64/, /type of arm64/),
  row("a tag of ours", { tags: { "onejob:fleet": "x" } }, 'tags["onejob:fleet"]').say(/taken/, /without/),
  row("a tag that is no text", { tags: { cost: 5 } }, "tags.cost").say(/must be text/, /256/),
  row("no profile", { profiles: [] }, "profiles").say(/list of 1 to 100/, /profiles/),
  row("no labels", { profiles: [{ name: "a" }] }, "profiles[0].labels").say(/missing/, /labels: \[self-hosted/),
  row("a default profile that is not there", { defaultProfile: "smal" }, "defaultProfile").say(
    /no profile "smal"/,
    /did you mean "small"/,
  ),
  row(
    "an Output where only a plain value can be",
    { reservedConcurrency: pulumi.output(5) },
    "reservedConcurrency",
  ).say(/is an Output/, /reservedConcurrency: 20/),
  row("profiles that are known later", { profiles: pulumi.output([]) }, "profiles").say(
    /is an Output/,
    /write the value itself/,
  ),
  row(
    "a profile too large for a parameter",
    { profiles: [profile({ name: "huge", labels: longLabels })] },
    "profiles[0]",
  ).say(/profile "huge": [\d,]+ bytes as JSON, and an SSM parameter holds 4,096/, /fewer labels/),
];

describe("a fleet with", () => {
  it.each(rows)("$says is told so at $path", ({ given, path, what, fix }) => {
    const problems = fleetProblems(given);
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.what).toMatch(what);
    expect(problems[0]?.fix).toMatch(fix);
  });

  it("many mistakes is told all of them, each once", () => {
    const given = args({
      fleetName: "9",
      network: { cidrBlock: "x", vpcId: "y" },
      profiles: [profile({ name: "" })],
      colour: 1,
    });
    expect(
      fleetProblems(given)
        .map(({ path }) => path)
        .sort(),
    ).toEqual([...["colour", "fleetName", "network", "network.cidrBlock", "network.vpcId", "profiles[0].name"]]);
  });
});

describe("a fleet with nothing wrong", () => {
  it.each(Object.entries(variants))("has no problems (%s)", (_variant, given) => {
    expect(fleetProblems(given, { component: "ci", stack: "dev" })).toEqual([]);
  });

  it("may have a GitHub server of its own without a private ingress", () => {
    expect(fleetProblems(args({ sources: [github({ url: "https://github.example.com" })] }))).toEqual([]);
  });

  it("may leave out the token, which is then its own parameter", () => {
    const { auth: _auth, ...source } = github({});
    expect(fleetProblems(args({ sources: [source] }))).toEqual([]);
  });

  it("may pass undefined for what it leaves out", () => {
    expect(fleetProblems(args({ network: undefined, dashboard: undefined, tags: undefined }))).toEqual([]);
  });
});

describe("the name of a fleet", () => {
  it.each([
    ["ci", "dev", undefined],
    ["Ci", "dev", "fleetName"],
    ["ci", "org_dev", "fleetName"],
    ["a-rather-long-component-name", "production", "fleetName"],
  ])("comes from component %s and stack %s, or is asked for", (component, stack, path) => {
    expect(fleetProblems(smallest, { component, stack }).map((problem) => problem.path)).toEqual(
      path === undefined ? [] : [path],
    );
  });

  it("does not save a component whose own name cannot be part of others", () => {
    const named = args({ fleetName: "ci" });
    expect(fleetProblems(named, { component: "my fleet", stack: "dev" })).toMatchObject([{ path: "" }]);
  });
});

describe("a fleet that is constructed with mistakes", () => {
  it("throws one error that says path, mistake and remedy line by line, and registers nothing", async () => {
    let thrown: unknown;
    const { resources } = await declare(() => {
      try {
        return new RunnerFleet("ci", args({ dashbord: true, reservedConcurrency: 0 }));
      } catch (error) {
        thrown = error;
        return {};
      }
    });
    expect(resources).toEqual([]);
    expect(thrown).toBeInstanceOf(FleetArgsError);
    expect(pulumi.RunError.isInstance(thrown)).toBe(true);
    expect(String((thrown as Error).message).split("\n")).toEqual([
      'RunnerFleet "ci": 2 things to correct, nothing was made',
      expect.stringMatching(/^ {2}dashbord: there is no key "dashbord" here; did you mean "dashboard"\?$/),
      expect.stringMatching(/^ {2}reservedConcurrency: must be .*; write e\.g\. reservedConcurrency: 20$/),
    ] as unknown[]);
  });

  it("does not repeat a token that was written where its place belongs", () => {
    const token = `ghp_${"a".repeat(36)}`;
    const problems = fleetProblems(args({ sources: [github({ auth: { token } })] }));
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toContain(token);
  });
});
