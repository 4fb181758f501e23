import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { Place } from "../fixtures/onejob-process";

describe("serve --welcome --once", () => {
  it("runs the welcome job on a machine of its own, leaves with 0 and leaves nothing", async () => {
    const place = new Place();
    const { PATH, HOME, NO_COLOR } = place.env();
    const env = { PATH, HOME, NO_COLOR, ONEJOB_DATA_DIR: "" } as Record<string, string>;
    const ran = await place.run(["serve", "--welcome", "--once"], { env });
    expect(ran.code).toBe(0);
    const lines = ran.stdout.trim().split("\n");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "ready" });
    expect(ran.stderr).toContain("Hello from a machine of your own.");
    const workspace = / in (\S+\/work),/.exec(ran.stderr)?.[1];
    expect(workspace && existsSync(workspace)).toBe(false);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("onejob-once-"))).toEqual([]);
    expect(existsSync(place.dataDir)).toBe(false);
    await place.clear();
  });
});
