/** `onejob dead-letters`: what was given up goes back whole, once at least, and never out of sight. */
import { messageText } from "../../runtime/queue/message-text";
import type { FleetDesk } from "./fleet-desk";
import { deadLetterQueueUrl, onFleet, queueUrl } from "./fleet-desk";

const plan = messageText({ kind: "plan", profile: "small" });
const retire = messageText({ kind: "retire", profile: "small", runner: "4k2jab", reason: null });
const foreign = '{"hello":"from somebody else"}';

describe("onejob dead-letters", () => {
  let desk: FleetDesk;
  onFleet((made) => void (desk = made));

  const run = (...args: readonly string[]) => desk.terminal.run("dead-letters", ...args);
  const put = (body: string, id?: string) => desk.sqs.put(deadLetterQueueUrl, body, id);
  const dead = () => desk.sqs.on(deadLetterQueueUrl);
  const sent = () => desk.sqs.on(queueUrl).map(({ body }) => body);
  const shown = () => dead().filter(({ hidden }) => !hidden).length;

  it("lists what each is about, and leaves all of them where they are, to be seen again at once", async () => {
    const [first, second, third] = [put(plan), put(retire), put(foreign)];
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`${first} +2030-01-01T00:00:00.000Z +11 +plan +profile small`));
    expect(out).toMatch(new RegExp(`${second} .* retire +profile small, runner 4k2jab`));
    expect(out).toMatch(new RegExp(`${third} .* none of ours +-`));
    expect(out).not.toContain("somebody else");
    expect(shown()).toBe(3);
    expect(sent()).toEqual([]);
  });

  it("lists more than one call takes", async () => {
    const ids = Array.from({ length: 23 }, () => put(plan));
    const { out } = await run("list", "--quiet");
    expect(out.trim().split("\n").sort()).toEqual(ids.sort());
  });

  it("shows again at once what it had taken when SQS does not answer any more", async () => {
    for (let n = 0; n < 12; n++) put(plan);
    desk.sqs.refusal = { operation: "ReceiveMessage", from: 2 };
    expect((await run()).code).not.toBe(0);
    expect(shown()).toBe(12);
  });

  it("shows the body to programs", async () => {
    put(foreign);
    const { out } = await run("list", "--output", "json");
    expect(JSON.parse(out)).toMatchObject({
      fleet: "ci-dev",
      items: [{ body: foreign, kind: null, about: {}, receives: 11 }],
      more: false,
    });
  });

  it("replays all of ours, and what is none of ours only by its name", async () => {
    put(plan);
    const stranger = put(foreign);
    put(retire);
    const { code, out, err } = await run("replay", "--all");
    expect([code, out]).toEqual([0, "2 messages back on the queue of ci-dev\n"]);
    expect(sent()).toEqual([plan, retire]);
    expect(err).toContain(`${stranger} is no message of ours`);
    expect(dead().map(({ id, hidden }) => [id, hidden])).toEqual([[stranger, false]]);
    expect((await run("replay", stranger.slice(0, 8))).code).toBe(0);
    expect(sent()).toEqual([plan, retire, foreign]);
    expect(dead()).toEqual([]);
  });

  it("replays those that are named, and shows the others again", async () => {
    put(plan);
    const wanted = put(retire);
    expect((await run("replay", wanted)).code).toBe(0);
    expect(sent()).toEqual([retire]);
    expect(shown()).toBe(1);
  });

  it("sends before it deletes: what cannot be sent is lost to nobody", async () => {
    put(plan);
    put(retire);
    desk.sqs.refusal = { operation: "SendMessage", from: 2 };
    const { code, err } = await run("replay", "--all");
    expect(code).toBe(77);
    expect(err).toContain("1 of them went back to the queue");
    expect(sent()).toEqual([plan]);
    expect(dead().map(({ body, hidden }) => [body, hidden])).toEqual([[retire, false]]);
  });

  it("rather sends one twice than never", async () => {
    put(plan);
    desk.sqs.refusal = { operation: "DeleteMessage", from: 1 };
    expect((await run("replay", "--all")).code).toBe(77);
    expect(sent()).toEqual([plan]);
    expect(shown()).toBe(1);
  });

  it("sends none when one of the names is not there", async () => {
    const wanted = put(plan);
    const { code, err } = await run("replay", wanted, "00000000");
    expect(code).toBe(66);
    expect(err).toContain("00000000");
    expect(sent()).toEqual([]);
    expect(shown()).toBe(1);
  });

  it("refuses a beginning that two share", async () => {
    put(plan, "5fea7756-1111-4111-8111-111111111111");
    put(plan, "5fea7756-2222-4222-8222-222222222222");
    expect((await run("replay", "5fea7756")).code).toBe(2);
    expect(sent()).toEqual([]);
    expect((await run("replay", "5fea7756-2")).code).toBe(0);
    expect(sent()).toEqual([plan]);
  });

  it.each([[["replay"]], [["replay", "--all", "5fea7756"]], [["replay", "5fea7"]]])(
    "%j is a usage error, and touches nothing",
    async (args) => {
      expect((await run(...args)).code).toBe(2);
      expect(desk.sqs.asked).toEqual([]);
    },
  );

  it("says to a server on one machine that it has none", async () => {
    desk.terminal.env = { ...desk.terminal.env, ONEJOB_FLEET: "" };
    const { code, err } = await run("list");
    expect(code).toBe(2);
    expect(err).toContain("--fleet NAME");
  });

  it("says what to do about a fleet that was deployed before it told where they are", async () => {
    desk.facts({ deadLetterQueueUrl: undefined });
    const { code, err } = await run("list");
    expect(code).toBe(1);
    expect(err).toContain("pulumi up");
  });

  it("ends with 77 for who may not read them", async () => {
    desk.sqs.refusal = { operation: "ReceiveMessage", from: 1 };
    expect((await run("list")).code).toBe(77);
  });
});
