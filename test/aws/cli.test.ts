/** Every command, asked of a fleet with one's own AWS credentials. */
import { jobPath } from "./driven-fleet";
import { CliWorld } from "./cli-world";
import { useMoto } from "./fleet-world";
import { captured } from "./lines";

const url = useMoto();
captured();

describe("onejob --fleet", () => {
  let made: CliWorld;
  beforeAll(async () => (made = await CliWorld.open(url())));
  afterAll(() => made.close());
  beforeEach(() => {
    made.door.asked.length = 0;
    made.door.callers.clear();
    made.door.callers.set("testing", { secret: "testing" });
  });

  it.each([
    ["list", "GET /api/v1/jobs"],
    ["status", "GET /api/v1/status"],
    ["runners", "GET /api/v1/runners"],
    ["profiles", "GET /api/v1/profiles"],
  ])("%s is asked of its function, signed", async (command, asked) => {
    expect(await made.terminal.run(command)).toMatchObject({ code: 0 });
    expect(made.door.asked).toEqual([asked]);
  });

  it("shows a job, tells why it waits, cancels it and lists it, by key, id and the beginning of it", async () => {
    const key = await made.fleet.submit({ command: ["make"], name: "a b & c" });
    const id = key.split("/")[2] ?? "";
    for (const given of [key, id, id.slice(0, 20)]) {
      expect((await made.terminal.run("show", given, "--output", "json")).out).toContain(key);
      expect((await made.terminal.run("why", given)).out).toContain("queued");
    }
    expect((await made.terminal.run("list", "--state", "queued", "--quiet")).out).toContain(id);
    expect((await made.terminal.run("cancel", id)).out).toContain("cancelled");
    expect(made.door.asked).toContain(`POST ${jobPath(id, "/cancel")}`);
    expect((await made.terminal.run("list", "--source", "no'such(*)!~", "--output", "json")).code).toBe(0);
  });
});
