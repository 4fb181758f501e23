/** What holds for every variant of a fleet, before and after AWS has answered; and what it says of itself. */
import { variants } from "../fixtures/pulumi-fleets";
import type { Mode } from "../fixtures/pulumi-graph";
import { graphOf } from "./declared-fleets";

const modes: readonly Mode[] = ["preview", "update"];
const everyFleet = Object.keys(variants).flatMap((variant) => modes.map((mode) => ({ variant, mode })));

/** AWS knows no tags on these. */
const tagless =
  /:(RolePolicy|RolePolicyAttachment|QueryDefinition|Redrive\w+|Bucket[A-Z]\w+|EventTarget|Permission|FunctionUrl|FunctionEventInvokeConfig|Schedule|TopicPolicy|TopicSubscription|Dashboard|Integration|Route|RestApiPolicy|Deployment|MethodSettings)$/;

describe.each(everyFleet)("$variant, in $mode", ({ variant, mode }) => {
  it("names no two resources of a type alike", async () => {
    const { resources } = await graphOf(variant, mode);
    const names = resources.map(({ type, name }) => `${type}::${name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it("tags whatever can have tags", async () => {
    const { resources } = await graphOf(variant, mode);
    const real = resources.filter(({ type }) => !type.startsWith("onejob:") && !tagless.test(type));
    const fleet = variant === "everything" ? "ci" : "ci-dev";
    const wanted = { "onejob:fleet": fleet, ...(variant === "everything" ? { team: "platform" } : {}) };
    const untagged = real.filter(({ inputs }) => !containsAll(inputs["tags"], wanted));
    expect(untagged.map(({ type, name }) => `${type}::${name}`)).toEqual([]);
    expect(real.length).toBeGreaterThan(30);
  });

  it("holds no secret, and no place for one", async () => {
    const { resources } = await graphOf(variant, mode);
    const text = JSON.stringify(resources.map(({ inputs }) => inputs));
    expect(text).not.toMatch(
      /BEGIN [A-Z ]*PRIVATE KEY|gh[opusr]_[A-Za-z0-9]{10}|github_pat_|SecureString|AKIA[A-Z0-9]{12}/,
    );
    expect(resources.filter(({ type, inputs }) => type.endsWith(":Function") && "environment" in inputs)).toEqual([]);
  });

  it("hangs every resource under a component", async () => {
    const { resources } = await graphOf(variant, mode);
    const loose = resources.filter(
      ({ type, parent }) => !type.endsWith(":RunnerFleet") && !parent.includes("onejob:index:"),
    );
    expect(loose.map(({ name }) => name)).toEqual([]);
  });

  it("needs nothing that bills by the hour unless it is asked for", async () => {
    const { resources } = await graphOf(variant, mode);
    const hourly = resources.filter(({ type }) =>
      /NatGateway|LoadBalancer|Instance$|Cluster|ProvisionedConcurrency/.test(type),
    );
    const interfaces = resources.filter(({ inputs }) => inputs["vpcEndpointType"] === "Interface");
    expect(hourly).toEqual([]);
    expect(interfaces).toHaveLength(variant === "private-api with its own endpoint" ? 5 : 0);
  });
});

function containsAll(tags: unknown, wanted: Readonly<Record<string, string>>): boolean {
  const own = (tags ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).every(([key, value]) => own[key] === value);
}

describe("the outputs of a fleet", () => {
  it("say where webhooks go, and which secrets are still to be put where", async () => {
    const { outputs } = await graphOf("everything");
    expect(outputs).toMatchObject({
      fleetName: "ci",
      webhookUrls: {
        gh: "https://ci-ingress-webhook.lambda-url.eu-central-1.on.aws/webhooks/gh",
        ghes: "https://ci-ingress-webhook.lambda-url.eu-central-1.on.aws/webhooks/ghes",
      },
      secretsToFill: ["/onejob/ci/secrets/gh/private-key", "/onejob/ci/secrets/gh/webhook-secret"],
      tableName: "ci-ledger-1a2b3c",
    });
    expect(outputs["nextStep"]).toBe("onejob secrets check --fleet ci");
    expect(outputs["pipelineArns"]).toEqual(
      ["x64", "arm64"].map(
        (arch) => expect.stringMatching(new RegExp(`:image-pipeline/ci-images-ubuntu-24.04-${arch}$`)) as unknown,
      ),
    );
  });

  it.each(["own network, known later", "private-api through an endpoint that is there"])(
    "name the network that was given (%s)",
    async (variant) => {
      const { outputs } = await graphOf(variant);
      expect(outputs["vpcId"]).toBe("vpc-0123456789abcdef0");
      expect(outputs["subnetIds"]).toEqual(["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]);
    },
  );
});
