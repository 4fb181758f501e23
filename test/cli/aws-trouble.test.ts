/** What people are told when AWS does not take what they come with: the thing that is wrong, and what mends that very thing. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FleetDesk } from "./fleet-desk";
import { deadLetterQueueUrl, onFleet, queueUrl } from "./fleet-desk";
import { messageText } from "../../runtime/queue/message-text";

let desk: FleetDesk;
onFleet((made) => void (desk = made));

const late = "Signature expired: 20300101T000000Z is now earlier than 20300101T001500Z (20300101T002000Z - 5 min.)";

interface Refused {
  readonly type: string;
  readonly words: string;
  readonly code: number;
  readonly said: RegExp;
}

const refused: readonly Refused[] = [
  { type: "InvalidSignatureException", words: late, code: 77, said: /clock of this machine is wrong.*set it right/s },
  {
    type: "InvalidSignatureException",
    words: "The request signature we calculated does not match the signature you provided.",
    code: 77,
    said: /secret access key.*aws configure/s,
  },
  {
    type: "ExpiredTokenException",
    words: "The security token included in the request is expired",
    code: 77,
    said: /have expired.*log in again/s,
  },
  {
    type: "UnrecognizedClientException",
    words: "The security token included in the request is invalid.",
    code: 77,
    said: /does not know yours/,
  },
  {
    type: "AccessDeniedException",
    words: "User: arn:aws:iam::1:user/x is not authorized to perform: ssm:GetParameter",
    code: 77,
    said: /facts: User.*your rights/s,
  },
];

it.each(refused)("$type ($words) is answered with $code and $said", async ({ type, words, code, said }) => {
  Object.assign(desk.ssm, { refusal: type, words });
  const ran = await desk.terminal.run("list");
  expect(ran).toMatchObject({ code, out: "" });
  expect(ran.err).toMatch(said);
});

it("says nothing of credentials to whose clock is wrong", async () => {
  Object.assign(desk.ssm, { refusal: "InvalidSignatureException", words: late });
  expect((await desk.terminal.run("list")).err).not.toMatch(/credentials|log in/);
});

describe("credentials that nobody gives", () => {
  /** By files alone, as somebody with a new machine has them. */
  const byFiles = (config: string, profile = ""): void => {
    const file = join(desk.terminal.folder, "config");
    writeFileSync(file, config);
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
    const files = {
      AWS_CONFIG_FILE: file,
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const own = { ...files, ...(profile === "" ? {} : { AWS_PROFILE: profile }) };
    Object.assign(process.env, own);
    Object.assign(desk.terminal.env, own);
  };
  const failing = (): string => {
    const program = join(desk.terminal.folder, "credentials");
    writeFileSync(program, "#!/bin/sh\necho no-such-secret >&2\nexit 3\n");
    chmodSync(program, 0o700);
    return `credential_process = ${program}\n`;
  };

  it("are missing by a profile that is not there, which is named", async () => {
    byFiles("[profile other]\nregion = eu-west-1\n", "nope");
    const { code, err } = await desk.terminal.run("list");
    expect(code).toBe(77);
    expect(err).toMatch(/profile gives no credentials: nope, which AWS_PROFILE names.*aws configure list-profiles/s);
  });

  it("are missing by a profile whose program fails, which is named, and what it says is not shown", async () => {
    byFiles(`[profile broken]\n${failing()}`, "broken");
    const { code, err } = await desk.terminal.run("list");
    expect(code).toBe(77);
    expect(err).toMatch(/profile gives no credentials: broken, .*`credential_process`/s);
    expect(err).not.toContain("no-such-secret");
  });

  it("are missing by the profile that holds where none is named", async () => {
    byFiles(`[default]\n${failing()}`);
    const { code, err } = await desk.terminal.run("list");
    expect(code).toBe(77);
    expect(err).toMatch(/none in the environment, and none by profile default.*`credential_process`/s);
  });

  it("are a session to be renewed by the profile that is named", async () => {
    byFiles(
      "[profile sso]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n" +
        "sso_account_id = 123456789012\nsso_role_name = r\n",
      "sso",
    );
    const { code, err } = await desk.terminal.run("list");
    expect(code).toBe(77);
    expect(err).toMatch(/credentials: sso, which AWS_PROFILE names \(.*aws sso login/);
  });

  it("do not matter before it is known where to ask", async () => {
    byFiles("[profile other]\n", "nope");
    delete desk.terminal.env["AWS_REGION"];
    const { code, err } = await desk.terminal.run("list");
    expect(code).toBe(2);
    expect(err).toMatch(/neither AWS_REGION nor profile nope names one.*set AWS_REGION/s);
    expect(err).not.toContain("--help");
  });
});

describe("a region", () => {
  it.each(["eu_west_1", "euwest1", "EU-West-1", "eu-west", "https://eu-west-1"])(
    "that cannot be one, as %s, is a usage error that says how they look",
    async (region) => {
      desk.terminal.env["AWS_REGION"] = region;
      const { code, err } = await desk.terminal.run("list");
      expect(code).toBe(2);
      expect(err).toMatch(new RegExp(`no AWS region to ask in: "${region}" is none.*eu-west-1.*set AWS_REGION`, "s"));
      expect(desk.ssm.asked).toEqual([]);
    },
  );

  it.each(["us-gov-east-1", "ap-southeast-5", "us-isob-east-1", "eusc-de-east-1", "cn-northwest-1"])(
    "named %s is asked",
    async (region) => {
      desk.terminal.env["AWS_REGION"] = region;
      expect((await desk.terminal.run("list", "--fleet", "ci-typo")).err).toContain(`ci-typo in ${region}`);
    },
  );
});

describe("a queue that somebody deleted", () => {
  const plan = messageText({ kind: "plan", profile: "small" });

  it.each([
    [["dead-letters"], deadLetterQueueUrl, /the queue of its dead letters/],
    [["dead-letters", "replay", "--all"], queueUrl, /its queue, for /],
  ])("%j: it is not there, and a deployment brings it back", async (argv, gone, said) => {
    desk.sqs.put(deadLetterQueueUrl, plan);
    desk.sqs.gone.add(gone);
    const { code, err } = await desk.terminal.run(...argv);
    expect(code).toBe(66);
    expect(err).toMatch(/a part of the fleet is not there.*pulumi up --refresh/s);
    expect(err).toMatch(said);
    expect(err).not.toContain("AWS_PROFILE");
  });

  it("is found out by doctor", async () => {
    desk.sqs.gone.add(deadLetterQueueUrl);
    const { out } = await desk.terminal.run("doctor");
    expect(out).toMatch(/✗ dead-letters: a part of the fleet is not there.*pulumi up --refresh/s);
  });
});
