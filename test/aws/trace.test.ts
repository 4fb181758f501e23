/** One job, one log: what every function of a fleet says is found by the job's key and what that leads to. */
import { savedQueries } from "../../components/log-queries";
import { jobPath } from "./driven-fleet";
import { useMoto, webhookSecret } from "./fleet-world";
import { lightAgent } from "./harness/light-agent";
import { labels, RunningFleet } from "./harness/running-fleet";
import type { RunningOptions } from "./harness/running-options";
import { fieldsOf, sentencesOf, valueAt } from "./query-words";
import { doors, webhook } from "./requests";
import { followed, linesWith, misplaced, toldByFunctions, type ToldLine } from "./told-lines";

const url = useMoto();
const told = toldByFunctions();
let fleet: RunningFleet;
afterEach(() => fleet.stop());
const start = async (options: RunningOptions = {}) => (fleet = await RunningFleet.start(url(), options));

const keyOf = ({ id }: { readonly id: number }) => `gh/${new URL(fleet.github.url).host}/${id}`;
const json = { "content-type": "application/json" };
const cancelAndRerun = async (): Promise<void> => {
  const post = (path: string, body: object) => fleet.api({ path, headers: json, body: JSON.stringify(body) });
  const { key } = JSON.parse((await post("/api/v1/jobs", { command: ["true"] })).body) as { key: string };
  await post(jobPath(key, "/cancel"), {});
  expect((await post(jobPath(key, "/rerun"), {})).statusCode).toBeLessThan(300);
};

const refusedWebhook = () => fleet.functions.invoke("webhook", doors["a function URL"](webhook({ key: "another" })));

/** A step of a job's life, as somebody reads it. */
const step = ({ function: fn, message, state, kind }: ToldLine): string =>
  [fn, message, message === "delivery received" ? kind : state].filter(Boolean).join(": ");

/** Beside these there may be more words of the forge, and of EC2 after the end. */
const begun = [
  "work: job admitted: queued",
  "work: launch begins",
  "work: machines asked for",
  "work: machine launched",
  "work: job moved: starting",
  "agent: machine reported in: booting",
  "agent: runner moved: idle",
  "work: job moved: running",
];
/** Which of them is first nobody knows: the forge tells of one, the agent of the other. */
const ended = ["work: job ended: completed", "work: runner moved: gone"];

describe("the log of all functions", () => {
  it("has a job's whole life, each step once and in order, by its key and what that leads to; and no secret", async () => {
    await start();
    const queue = async () => {
      const job = fleet.github.queueJob("acme/widgets", { labels });
      await fleet.until(() => job.status === "completed");
      await fleet.untilEmpty();
      return keyOf(job);
    };
    const [key, other] = [await queue(), await queue()];
    await fleet.stop();
    const story = followed(told.lines(), key);
    expect(story.map(step)[0]).toBe("webhook: delivery received: events");
    const steps = story.map(step).filter((one) => [...begun, ...ended].includes(one));
    // The machine may report in before whoever asked for it has written that it is there.
    const ofWork = (one: string): boolean => one.startsWith("work:");
    expect(steps.slice(0, begun.length).filter(ofWork)).toEqual(begun.filter(ofWork));
    expect(steps.slice(0, begun.length).sort()).toEqual([...begun].sort());
    expect(steps.slice(begun.length).sort()).toEqual(ended);
    expect(new Set(story.map((line) => line["function"]))).toEqual(new Set(["webhook", "work", "agent", "events"]));
    expect(linesWith(story, [other])).toEqual([]);
    const deliveries = story.filter(({ message }) => message === "delivery received").map((line) => line["delivery"]);
    expect(misplaced(told.lines())).toEqual([]);
    const [admitted] = story.filter(({ message }) => message === "job admitted");
    expect(deliveries).toContain(admitted?.["delivery"]);
    const text = told.text();
    const secrets = [webhookSecret, fleet.appOf().privateKey.slice(60, 100), "BEGIN", "ghs_", "oj_lease", "sha256="];
    for (const secret of secrets) expect(text).not.toContain(secret);
  });

  it("ties each job of a launch to its machine, by the launch alone", async () => {
    await start();
    const { jobs } = fleet.github.queueRun("acme/widgets", { jobs: Array.from({ length: 3 }, () => ({ labels })) });
    await fleet.until(() => jobs.every(({ status }) => status === "completed"));
    await fleet.untilEmpty();
    await fleet.stop();
    const lines = told.lines();
    const launched = lines.filter(({ message }) => message === "machine launched");
    expect(new Set(launched.map((line) => line["machine"]))).toEqual(new Set(fleet.proxy.machines.made.keys()));
    for (const { launch, machine, meantFor } of launched) {
      const ofLaunch = linesWith(lines, [String(launch)]);
      expect(linesWith(ofLaunch, [String(machine)]).map(step)).toEqual(
        expect.arrayContaining(["work: machines asked for", "agent: machine reported in: booting"]),
      );
      expect(linesWith(ofLaunch, [String(meantFor)]).map(step)).toContain("work: launch begins");
    }
  });

  it("writes no metric while there is no work", async () => {
    await start();
    await fleet.functions.invoke("sweep", {});
    await fleet.pass(60_000);
    await fleet.stop();
    expect(told.text()).not.toContain("_aws");
  });
});

describe("saved queries", () => {
  it("name fields that the functions they ask have really written, and sentences they have really said", async () => {
    await start({ agent: lightAgent({ until: "started" }), tellsEvents: false });
    await refusedWebhook();
    fleet.proxy.rooms.set({ room: 0 });
    const job = fleet.github.queueJob("acme/widgets", { labels });
    await fleet.inTime(async () => (await fleet.why(job)) === "no-capacity");
    fleet.proxy.rooms.clear();
    await fleet.inTime(() => job.status === "in_progress");
    const [machine = ""] = fleet.proxy.machines.made.keys();
    await fleet.event("EC2 Spot Instance Interruption Warning", machine, { "instance-action": "terminate" });
    await fleet.untilQuiet();
    await fleet.end(machine);
    fleet.proxy.upset({ service: "ec2", caller: "sweep", how: "fail", times: 20 });
    await fleet.functions.invoke("sweep", {}).catch(() => undefined);
    fleet.proxy.calm();
    await fleet.pass(5 * 60_000);
    await cancelAndRerun();
    fleet.proxy.upset({ service: "dynamodb", caller: "api", how: "fail", times: 20 });
    await fleet.api({ method: "GET", path: jobPath(keyOf(job)) });
    await fleet.api({ method: "GET", path: jobPath(keyOf(job)), account: null });
    fleet.proxy.upset({ service: "sqs", caller: "webhook", how: "fail", times: 20 });
    await fleet.functions.invoke("webhook", doors["a function URL"](webhook()));
    fleet.proxy.calm();
    fleet.proxy.upset({ service: "sqs", caller: "webhook", how: "slow", ms: 2_500 });
    fleet.github.queueJob("acme/widgets", { labels });
    await fleet.github.settled();
    await fleet.stop();
    const lines = told.lines();
    expect(misplaced(lines)).toEqual([]);
    const missing = savedQueries.flatMap(({ title, functions, query }) => {
      const theirs = lines.filter((line) => (functions as readonly unknown[]).includes(line["function"]));
      const fields = fieldsOf(query).filter((path) => !theirs.some((line) => valueAt(line, path) !== undefined));
      const said = new Set(theirs.map(({ message }) => message));
      return [...fields, ...sentencesOf(query).filter((text) => !said.has(text))].map((word) => `${title}: ${word}`);
    });
    expect(missing).toEqual([]);
  });
});
