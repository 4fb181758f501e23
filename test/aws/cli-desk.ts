/** A fleet in moto as the CLI finds it: its facts in SSM, and a terminal whose program speaks with moto. */
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import { Terminal } from "../cli/terminal";
import { FakeApi } from "../fakes/api-server";
import { awsEnvironment, clientConfig } from "./moto";

export class CliDesk {
  readonly fleet = `f-${nodeRandom.id(8)}`;
  readonly terminal = new Terminal();
  readonly api = new FakeApi();
  readonly sqs: SQSClient;
  queueUrl = "";
  deadLetterQueueUrl = "";
  readonly #ssm: SSMClient;

  private constructor(url: string) {
    this.sqs = new SQSClient(clientConfig(url));
    this.#ssm = new SSMClient(clientConfig(url));
  }

  static async open(url: string): Promise<CliDesk> {
    const desk = new CliDesk(url);
    await desk.api.start();
    desk.terminal.serves(desk.api).env = {
      ...desk.terminal.env,
      ...awsEnvironment(url),
      ONEJOB_FLEET: desk.fleet,
      PATH: process.env["PATH"] ?? "",
    };
    desk.queueUrl = await desk.#queue(desk.fleet);
    desk.deadLetterQueueUrl = await desk.#queue(`${desk.fleet}-dead`);
    await desk.parameter("facts", {
      ...{ fleet: desk.fleet, secretsToFill: [], settingsPath: `/onejob/${desk.fleet}/settings` },
      ...{ queueUrl: desk.queueUrl, deadLetterQueueUrl: desk.deadLetterQueueUrl, urls: { api: desk.api.url } },
    });
    return desk;
  }

  async parameter(path: string, value: object): Promise<void> {
    const Name = `/onejob/${this.fleet}/${path}`;
    await this.#ssm.send(new PutParameterCommand({ Name, Value: JSON.stringify(value), Type: "String" }));
  }

  async close(): Promise<void> {
    await this.api.stop();
    this.terminal.remove();
  }

  async #queue(QueueName: string): Promise<string> {
    const { QueueUrl = "" } = await this.sqs.send(new CreateQueueCommand({ QueueName }));
    return QueueUrl;
  }
}

/** For each test one of its own. */
export function onDesk(url: () => string, take: (desk: CliDesk) => void): void {
  let desk: CliDesk | undefined;
  beforeEach(async () => {
    desk = await CliDesk.open(url());
    take(desk);
  });
  afterEach(() => desk?.close());
}
