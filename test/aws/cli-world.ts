/** A fleet whose functions run here, with its door on loopback, and a terminal of somebody who may use it. */
import { CliDoor } from "./cli-door";
import { DrivenFleet } from "./driven-fleet";
import { FleetWorld } from "./fleet-world";
import { SignedDoor } from "./signed-door";

export class CliWorld extends CliDoor {
  readonly fleet: DrivenFleet;

  private constructor(fleet: DrivenFleet, door: SignedDoor) {
    super(fleet.world, door);
    this.fleet = fleet;
  }

  static async open(url: string): Promise<CliWorld> {
    const fleet = new DrivenFleet(await FleetWorld.deploy(url));
    const made = new CliWorld(fleet, await SignedDoor.open((event) => fleet.handle(event)));
    await made.tell({});
    return made;
  }
}
