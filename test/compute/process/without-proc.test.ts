import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { type ProcessWorld, processWorld, livingOf } from "./process-world";

const runner = "r1aaaaaaaa";

/** Small images have no `ps`; a system without /proc has. */
if (["/bin/ps", "/usr/bin/ps"].some((path) => existsSync(path))) {
  describe("where processes cannot be listed", () => {
    let world: ProcessWorld;
    beforeEach(async () => {
      world = await processWorld({ procDir: "/nowhere", behaviour: ["stubborn"] });
    });
    afterEach(() => world.close());

    it("says that only the agent's process group is ended", () => {
      expect(world.compute.enforcement()).toEqual({ memory: false, cpu: false, kill: "group" });
    });

    it("knows by pid and start time whether the agent lives", async () => {
      await world.compute.launch(world.request(runner));
      expect(await world.compute.list()).toEqual([{ machine: runner, runner, launch: "launch-1", alive: true }]);
      await world.kill(runner);
      expect(await world.compute.list()).toEqual([{ machine: runner, runner, launch: "launch-1", alive: false }]);
    });

    it("ends an agent that does not listen, and removes its folder", async () => {
      await world.compute.launch(world.request(runner));
      await world.ready(runner);
      const pid = await world.agentPid(runner);
      await world.compute.terminate([runner]);
      expect(livingOf(world, [pid])).toEqual([]);
      expect(await readdir(world.options.runnersDir)).toEqual([]);
    });
  });
} else {
  it("has no ps here to be asked", () => expect(existsSync("/proc/self/stat")).toBe(true));
}
