/** The door of a fleet's function for people, guarded by IAM, and a terminal of somebody who may use it. */
import { PutParameterCommand } from "@aws-sdk/client-ssm";
import type { ProxyAnswer, ProxyEvent } from "../../runtime/entry/lambda/proxy-event";
import { Terminal } from "../cli/terminal";
import type { FleetWorld } from "./fleet-world";
import { SignedDoor } from "./signed-door";

export class CliDoor {
  readonly world: FleetWorld;
  readonly door: SignedDoor;
  readonly terminal = new Terminal();
  readonly name: string;

  protected constructor(world: FleetWorld, door: SignedDoor) {
    this.world = world;
    this.door = door;
    this.name = world.facts.fleet;
    door.callers.set("testing", { secret: "testing" });
    const patience = { retryMs: 20, giveUpMs: 2_000, askMs: 50, seldomMs: 150, whyMs: 100 };
    this.terminal.patience = { ...this.terminal.patience, ...patience };
    this.terminal.env = {
      ...this.terminal.env,
      ...{ AWS_REGION: "eu-west-1", AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"] ?? "", ONEJOB_FLEET: this.name },
    };
  }

  /** `api`: the function behind it. */
  static async before(world: FleetWorld, api: (event: ProxyEvent) => Promise<ProxyAnswer>): Promise<CliDoor> {
    const made = new CliDoor(world, await SignedDoor.open(api));
    await made.tell({});
    return made;
  }

  /** What the deployment leaves for the CLI, with changes. */
  async tell(changes: object): Promise<void> {
    const urls = { webhooks: {}, agent: "https://agent.invalid", api: this.door.url };
    const facts = { Name: `/onejob/${this.name}/facts`, Type: "String", Overwrite: true } as const;
    const Value = JSON.stringify({
      ...this.world.facts,
      urls,
      deadLetterQueueUrl: this.world.facts.queueUrl,
      secretsToFill: [],
      ...changes,
    });
    await this.world.ssm.send(new PutParameterCommand({ ...facts, Value }));
  }

  async close(): Promise<void> {
    await this.door.close();
    this.terminal.remove();
  }
}
