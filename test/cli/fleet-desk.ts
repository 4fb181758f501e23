/** A fleet as a deployment left it, on loopback: its facts in SSM, its api, its queues and what EC2 lists. */
import { StubEc2 } from "../fakes/stub-ec2";
import { FakeApi } from "../fakes/api-server";
import { FakeSqs } from "../fakes/sqs-server";
import { FakeSsm } from "../fakes/ssm-server";
import { Terminal } from "./terminal";

export const queueUrl = "https://sqs.example/queue";
export const deadLetterQueueUrl = "https://sqs.example/dead";

export class FleetDesk {
  readonly terminal = new Terminal();
  readonly api = new FakeApi();
  readonly ssm = new FakeSsm();
  readonly sqs = new FakeSqs();
  readonly ec2: StubEc2;

  private constructor(ec2: StubEc2) {
    this.ec2 = ec2;
  }

  static async open(): Promise<FleetDesk> {
    const desk = new FleetDesk(await StubEc2.start());
    await desk.api.start();
    desk.terminal.serves(desk.api).env = {
      ...desk.terminal.env,
      AWS_ENDPOINT_URL_SSM: await desk.ssm.listen(),
      AWS_ENDPOINT_URL_SQS: await desk.sqs.listen(),
      AWS_ENDPOINT_URL_EC2: desk.ec2.url,
      AWS_REGION: "eu-west-1",
      ONEJOB_FLEET: "ci-dev",
    };
    desk.facts();
    desk.api.answers.set("GET /api/v1/runners", { items: [] });
    desk.api.answers.set("POST /api/v1/drain", { draining: true });
    return desk;
  }

  /** What the deployment says of itself. */
  facts(changes: object = {}): void {
    this.parameter("facts", {
      ...{ fleet: "ci-dev", secretsToFill: [], queueUrl, deadLetterQueueUrl, settingsPath: "/onejob/ci-dev/settings" },
      urls: { api: this.api.url },
      ...changes,
    });
  }

  profile(name: string, compute: object): void {
    this.parameter(`settings/profiles/${name}`, { name, labels: ["linux"], compute: { kind: "ec2", ...compute } });
  }

  async close(): Promise<void> {
    this.ssm.close();
    this.sqs.close();
    await this.api.stop();
    await this.ec2.stop();
    this.terminal.remove();
  }

  private parameter(path: string, value: object): void {
    const Name = `/onejob/ci-dev/${path}`;
    this.ssm.stored.set(Name, { Name, Value: JSON.stringify(value), Type: "String" });
  }
}

export const ofFleet = { "onejob:fleet": "ci-dev" };

export const someRunner = (facts: object = {}) => ({
  ...{ id: "4k2jab", name: "onejob-4k2jab", profile: "small", compute: "ec2", machine: "i-0123456789abcdef0" },
  ...{ state: "running", job: "gh/github.com/7", createdAt: "2030-01-01T00:00:00.000Z" },
  ...{ deadlineAt: null, lastHeartbeatAt: null, ...facts },
});

/** For each test one of its own. The SDK reads credentials from its own process. */
export function onFleet(take: (desk: FleetDesk) => void): void {
  const before = { ...process.env };
  let desk: FleetDesk;
  beforeEach(async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" });
    desk = await FleetDesk.open();
    take(desk);
  });
  afterEach(async () => {
    process.env = { ...before };
    await desk.close();
  });
}
