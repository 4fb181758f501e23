/** What every `Compute` promises, whatever its machines are. */
import type { Compute, LaunchRequest, MachineOutcome } from "../../runtime/core/ports";

export interface ComputeWorld {
  readonly compute: Compute;
  /** A profile the compute can serve. */
  readonly profile: string;
  /** The token the flows would hand over for this runner. */
  bootToken(runner: string): string;
  /** Its machines are handed no boot token: they prove themselves otherwise. @default false */
  readonly handsOutNoTokens?: boolean;
  /** How often an agent was started for this runner and received its orders. */
  starts(runner: string): Promise<number>;
  /** Ends the agent from outside, as the out-of-memory killer would; resolves once it is dead. */
  kill(runner: string): Promise<void>;
  /** The adapter as a new server process would make it, over the same machines. */
  restart(): Promise<Compute>;
  /** Resolves when `list` must show all that was launched. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const [one, two] = ["r1aaaaaaaa", "r2bbbbbbbb"];

export function computeContract(name: string, makeWorld: () => Promise<ComputeWorld>): void {
  describe(`${name} keeps the Compute contract`, () => {
    let world: ComputeWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.close());

    const request = (...runners: readonly string[]): LaunchRequest => ({
      launch: "launch-1",
      token: "token-1",
      profile: world.profile,
      machines: runners.map((runner) => ({ runner, bootToken: world.bootToken(runner) })),
    });
    const listed = async (compute: Compute = world.compute) => {
      await world.settle();
      return [...(await compute.list())].sort((a, b) => a.runner.localeCompare(b.runner));
    };

    const machinesOf = (outcomes: readonly MachineOutcome[]) =>
      outcomes.flatMap((outcome) => (outcome.outcome === "launched" ? [outcome.machine] : []));

    it("answers for each machine by runner id and lists it with its launch", async () => {
      const outcomes = await world.compute.launch(request(one, two));
      expect(new Set(outcomes.map(({ runner, outcome }) => `${runner} ${outcome}`))).toEqual(
        new Set([`${one} launched`, `${two} launched`]),
      );
      expect(await listed()).toEqual(
        [one, two].map((runner) => ({
          runner,
          machine: machinesOf(outcomes.filter((outcome) => outcome.runner === runner))[0],
          launch: "launch-1",
          alive: true,
        })),
      );
    });

    it("starts one machine for a runner however often, and however concurrently, it is launched", async () => {
      const [first, second] = await Promise.all([
        world.compute.launch(request(one)),
        world.compute.launch(request(one)),
      ]);
      expect(await world.compute.launch(request(one))).toEqual(first);
      expect(second).toEqual(first);
      expect(await world.starts(one)).toBe(1);
      expect(await listed()).toHaveLength(1);
    });

    it("starts nothing again for a runner whose agent died, and lists its remains as dead", async () => {
      const first = await world.compute.launch(request(one));
      await world.kill(one);
      expect(await world.compute.launch(request(one))).toEqual(first);
      expect(await world.starts(one)).toBe(1);
      expect(await listed()).toMatchObject([{ runner: one, alive: false }]);
    });

    it("starts only what is missing when a launch is replayed with one machine more", async () => {
      await world.compute.launch(request(one));
      const outcomes = await world.compute.launch(request(one, two));
      expect(outcomes.map((o) => o.outcome)).toEqual(["launched", "launched"]);
      expect([await world.starts(one), await world.starts(two)]).toEqual([1, 1]);
    });

    it("leaves nothing listed after terminate, of living machines and of dead ones", async () => {
      const outcomes = await world.compute.launch(request(one, two));
      await world.kill(two);
      await world.compute.terminate(machinesOf(outcomes));
      expect(await listed()).toEqual([]);
    });

    it("ends what is named and nothing else", async () => {
      const outcomes = await world.compute.launch(request(one, two));
      await world.compute.terminate(machinesOf(outcomes.filter(({ runner }) => runner === one)));
      expect(await listed()).toMatchObject([{ runner: two, alive: true }]);
    });

    it("takes it as done when a machine to terminate is gone, was never there, or is being ended already", async () => {
      const its = machinesOf(await world.compute.launch(request(one)));
      await Promise.all([world.compute.terminate(its), world.compute.terminate([...its, ...its])]);
      await world.compute.terminate(its);
      await world.compute.terminate(["never-seen", "i-0123456789abcdef0", "../../etc", ""]);
      expect(await listed()).toEqual([]);
    });

    it("starts nothing for a launch that comes after its machine was terminated", async () => {
      const its = machinesOf(await world.compute.launch(request(one)));
      const before = await world.starts(one);
      await world.compute.terminate(its);
      expect(await world.compute.launch(request(one))).toMatchObject([{ runner: one, outcome: "launched" }]);
      expect(before).toBe(1);
      expect(await listed()).toEqual([]);
    });

    it("knows the same machines, and starts none twice, after the server was restarted", async () => {
      const first = await world.compute.launch(request(one, two));
      await world.kill(two);
      const before = await listed();
      const after = await world.restart();
      expect(await listed(after)).toEqual(before);
      expect(new Set(await after.launch(request(one, two)))).toEqual(new Set(first));
      expect([await world.starts(one), await world.starts(two)]).toEqual([1, 1]);
      await after.terminate(machinesOf(first));
      expect(await listed(after)).toEqual([]);
    });

    it("says misconfigured, with what to correct, for a profile it does not know", async () => {
      const outcomes = await world.compute.launch({ ...request(one), profile: "unheard-of" });
      expect(outcomes).toEqual([
        { runner: one, outcome: "misconfigured", detail: expect.stringContaining("unheard-of") as string },
      ]);
      expect(await listed()).toEqual([]);
      expect(await world.compute.launch(request(one))).toMatchObject([{ outcome: "launched" }]);
    });

    it("takes the boot token as proof of its runner where machines have one, and nothing made up", async () => {
      await world.compute.launch(request(one, two));
      const proven = world.handsOutNoTokens === true ? undefined : { runner: one };
      expect(await world.compute.identify({ kind: "token", token: world.bootToken(one) })).toEqual(proven);
      expect(await world.compute.identify({ kind: "token", token: `${world.bootToken(one)}x` })).toBeUndefined();
      expect(await world.compute.identify({ kind: "token", token: one })).toBeUndefined();
    });
  });
}
