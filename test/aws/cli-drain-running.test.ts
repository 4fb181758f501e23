/** `onejob drain --all` of a fleet that runs: every function as it is built, one machine at work and one that waits. */
import { until } from "../cli/terminal";
import { CliDoor } from "./cli-door";
import { useMoto } from "./fleet-world";
import { nothing } from "./harness/left";
import { labels, RunningFleet } from "./harness/running-fleet";

const url = useMoto();
let fleet: RunningFleet;
let people: CliDoor;
beforeEach(async () => {
  fleet = await RunningFleet.start(url());
  people = await CliDoor.before(fleet.world, (event) => fleet.functions.invoke("api", event));
  Object.assign(people.terminal.patience, { lookMs: 100, settleMs: 500 });
});
afterEach(async () => {
  await people.close();
  await fleet.stop();
});

const statesOf = async () => (await fleet.world.ledger.readProfile("small")).runners.map(({ state }) => state).sort();

/** The second job is kept back by GitHub, so that its machine waits for it. */
async function oneBusyOneIdle() {
  const { github } = fleet;
  const run = github.queueRun("acme/widgets", { jobs: [{ name: "long", labels, script: "sleep 600" }] });
  await fleet.until(() => run.jobs[0]?.status === "in_progress", "the first job runs");
  github.pauseAssignment();
  const waiting = github.queueJob("acme/widgets", { labels });
  await fleet.until(async () => (await statesOf()).join() === "idle,running", "the second machine waits");
  return { run, waiting };
}

it("sends the machine that waits away, waits for the one at work, and is done when nothing is left by tag; then jobs run again", async () => {
  const { run, waiting } = await oneBusyOneIdle();
  const { terminal, name } = people;
  const drained = terminal.run("drain", "--all");
  await until(() => terminal.said.includes("takes no new jobs; waiting for its machines to end"));
  await fleet.until(async () => (await statesOf()).join() === "running", "the idle one leaves");
  await until(() => /1 machine[^s].* has gh\//.test(terminal.said));
  expect([run.jobs[0]?.status, terminal.printed]).toEqual(["in_progress", ""]);

  fleet.github.cancelRun(run);
  await fleet.inTime(() => terminal.printed !== "");
  const { code, out } = await drained;
  expect([code, out]).toEqual([0, `no machine, volume or network interface of fleet ${name} is left\n`]);
  expect(fleet.hasMachines).toBe(false);
  await fleet.untilQuiet();
  expect(await fleet.left()).toEqual(nothing);
  expect(waiting.status).toBe("queued");

  fleet.github.resumeAssignment();
  expect((await terminal.run("drain", "--resume")).code).toBe(0);
  await fleet.inTime(() => waiting.status === "completed");
  expect(waiting.conclusion).toBe("success");
  await fleet.untilEmpty();
  expect(await fleet.left()).toEqual(nothing);
});
