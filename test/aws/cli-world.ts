/** A fleet with the door of its api function on loopback, and a terminal of somebody who may use it. */
import { PutParameterCommand } from "@aws-sdk/client-ssm";
import { Terminal } from "../cli/terminal";
import { DrivenFleet } from "./driven-fleet";
import { FleetWorld } from "./fleet-world";
import { SignedDoor } from "./signed-door";

export class CliWorld {
  readonly world: FleetWorld;
  readonly fleet: DrivenFleet;
  readonly door: SignedDoor;
  readonly terminal = new Terminal();
  readonly name: string;

  private constructor(world: FleetWorld, fleet: DrivenFleet, door: SignedDoor) {
    this.world = world;
    this.fleet = fleet;
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

  static async open(url: string): Promise<CliWorld> {
    const world = await FleetWorld.deploy(url);
    const fleet = new DrivenFleet(world);
    const door = await SignedDoor.open((event) => fleet.handle(event));
    const made = new CliWorld(world, fleet, door);
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
