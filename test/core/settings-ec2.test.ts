/** What the settings say of compute `ec2`, and what only one of the two hosts can do. */
import { readSettings, type Problem } from "../../runtime/core/read-settings";
import type { ProfileSettings } from "../../runtime/core/settings";
import type { Host } from "../../runtime/core/settings-host-checks";
import { architectureOf, presetTypes } from "../../runtime/core/settings-schema-ec2";

function read(raw: object, host: Host = "aws") {
  return readSettings({ version: 1, ...raw }, { os: "linux", arch: "x64", host });
}

function problemsOf(raw: object, host: Host = "aws"): readonly Problem[] {
  const result = read(raw, host);
  return result.ok ? [] : result.problems;
}

function profile(changes: object = {}, compute: object = {}): { readonly profiles: readonly object[] } {
  return { profiles: [{ name: "small", labels: ["linux"], compute: { kind: "ec2", ...compute }, ...changes }] };
}

function firstProfile(raw: object): ProfileSettings | undefined {
  const result = read(raw);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.settings.profiles[0];
}

const app = { appId: 1, privateKey: { ssm: "/key" } };
const source = { name: "gh", kind: "github", scopes: ["acme"], auth: app, webhookSecrets: [{ ssm: "/secret" }] };
const onAws = { ...source, intake: "webhook" };

describe("compute of kind ec2", () => {
  it("is what a fleet's profile has when it says nothing, with every default filled in", () => {
    expect(firstProfile({ profiles: [{ name: "small", labels: ["linux"] }] })).toMatchObject({
      compute: {
        kind: "ec2",
        image: { os: "ubuntu-24.04" },
        arch: "x64",
        types: presetTypes.x64,
        spot: "preferred",
        spotAttempts: 1,
        onInterruption: "rerun",
        volume: { sizeGiB: 40, throughputMiBps: 250, iops: 3_000 },
        role: null,
        connect: "never",
      },
      timeouts: { bootMs: 5 * 60_000 },
    });
  });

  it("takes types of its own architecture where none are named", () => {
    expect(firstProfile(profile({}, { arch: "arm64" }))?.compute).toMatchObject({ types: presetTypes.arm64 });
  });

  it.each([[{ ami: "ami-0123456789abcdef0" }], [{ ssm: "/acme/images/ci" }], [{ os: "ubuntu-24.04" }]])(
    "keeps the image %j",
    (image) => {
      expect(firstProfile(profile({}, { image }))?.compute).toMatchObject({ image });
    },
  );

  it.each([
    [{}, "profiles[0].compute.image"],
    [{ os: "ubuntu-24.04", ami: "ami-0123456789abcdef0" }, "profiles[0].compute.image"],
    [{ os: "windows-3.11" }, "profiles[0].compute.image.os"],
    [{ ami: "my-ami" }, "profiles[0].compute.image.ami"],
    [{ ssm: "acme" }, "profiles[0].compute.image.ssm"],
  ])("refuses the image %j", (image, path) => {
    expect(problemsOf(profile({}, { image }))[0]).toMatchObject({ path });
  });

  it.each([
    [{ types: ["m7g.large"] }, "profiles[0].compute.types[0]", "arch: arm64"],
    [{ arch: "arm64", types: ["m7g.large", "m7i.large"] }, "profiles[0].compute.types[1]", "arch: x64"],
  ])("refuses types of another architecture: %j", (compute, path, remedy) => {
    const [problem, ...others] = problemsOf(profile({}, compute));
    expect(problem).toMatchObject({ path, fix: expect.stringContaining(remedy) as string });
    expect(others).toEqual([]);
  });

  it.each([
    ["m7i.large", "x64"],
    ["m7i-flex.large", "x64"],
    ["g5.xlarge", "x64"],
    ["g4dn.xlarge", "x64"],
    ["m7g.medium", "arm64"],
    ["c7gn.large", "arm64"],
    ["g5g.xlarge", "arm64"],
    ["im4gn.large", "arm64"],
    ["is4gen.medium", "arm64"],
    ["t4g.small", "arm64"],
    ["a1.medium", "arm64"],
    ["u-6tb1.metal", "x64"],
    ["p4de.24xlarge", "x64"],
  ])("knows the processor of %s: %s", (type, arch) => {
    expect(architectureOf(type)).toBe(arch);
  });

  it("has preset types of the architecture they are listed under", () => {
    expect(presetTypes.x64.map(architectureOf)).toEqual(presetTypes.x64.map(() => "x64"));
    expect(presetTypes.arm64.map(architectureOf)).toEqual(presetTypes.arm64.map(() => "arm64"));
  });
});

describe("a fleet on AWS", () => {
  it.each([
    ["a process", { kind: "process" }],
    ["a container", { kind: "docker", image: "debian:12" }],
  ])("refuses %s as machine", (_, compute) => {
    expect(problemsOf({ profiles: [{ name: "small", labels: ["a"], compute }] })).toEqual([
      expect.objectContaining({ path: "profiles[0].compute.kind", fix: "write kind: ec2" }),
    ]);
  });

  it("wants each profile to say its labels, as there is no machine to take them from", () => {
    expect(problemsOf({ profiles: [{ name: "small" }] })).toEqual([
      expect.objectContaining({ path: "profiles[0].labels" }),
    ]);
  });

  it("takes webhooks, and secrets in SSM", () => {
    expect(problemsOf({ ...profile(), sources: [onAws] })).toEqual([]);
  });

  it("hears by webhooks where nothing else is said, and is not deaf", () => {
    const read_ = read({ ...profile(), sources: [source] });
    expect(read_.ok && read_.settings.sources.find(({ name }) => name === "gh")).toMatchObject({ intake: "webhook" });
    const { webhookSecrets: _, ...deaf } = source;
    expect(problemsOf({ ...profile(), sources: [deaf] })).toEqual([
      expect.objectContaining({ path: "sources[0].webhookSecrets" }),
    ]);
  });

  it.each(["poll", "both"])("does not sit and ask: intake %s", (intake) => {
    expect(problemsOf({ ...profile(), sources: [{ ...source, intake }] })[0]).toMatchObject({
      path: "sources[0].intake",
    });
  });

  it.each([
    ["a key", { auth: { appId: 1, privateKey: { file: "./app.pem" } } }, "sources[0].auth.privateKey"],
    ["a token", { auth: { token: { env: "GH_TOKEN" } } }, "sources[0].auth.token"],
    ["a webhook secret", { webhookSecrets: [{ ssm: "/a" }, { env: "B" }] }, "sources[0].webhookSecrets[1]"],
  ])("has no environment and no files of ours: %s", (_, changes, path) => {
    const problems = problemsOf({ ...profile(), sources: [{ ...onAws, ...changes }] });
    expect(problems.map((problem) => problem.path)).toEqual([path]);
  });

  it.each([undefined, "Default", "default"])("gives no role to everybody in runner group %s", (runnerGroup) => {
    const role = "arn:aws:iam::123456789012:role/ci";
    const sources = [{ ...onAws, ...(runnerGroup === undefined ? {} : { runnerGroup }) }];
    expect(problemsOf({ ...profile({}, { role }), sources }).map(({ path }) => path)).toEqual([
      "profiles[0].compute.role",
    ]);
  });

  it("gives a role to a runner group of its own", () => {
    const role = "arn:aws:iam::123456789012:role/ci";
    expect(problemsOf({ ...profile({}, { role }), sources: [{ ...onAws, runnerGroup: "trusted" }] })).toEqual([]);
  });

  it("tells everything at once", () => {
    const problems = problemsOf({
      sources: [{ ...source, intake: "poll", auth: { token: { env: "T" } } }],
      profiles: [
        { name: "small", compute: { kind: "process" } },
        { name: "small", labels: ["a"], speed: "high" },
      ],
    });
    expect(problems.length).toBeGreaterThanOrEqual(5);
  });
});

describe("a server of one's own", () => {
  it("makes no instances", () => {
    expect(problemsOf(profile(), "local")).toEqual([
      expect.objectContaining({ path: "profiles[0].compute.kind", what: '"ec2" is for a fleet on AWS' }),
    ]);
  });
});
