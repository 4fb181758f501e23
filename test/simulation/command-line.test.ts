import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../fixtures/temporary-folder";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function simulator(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(__dirname, "start.mjs"), ...args], (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    );
  });
}

describe("npm run simulate", () => {
  it("runs seeds in threads, ends with its last line, and writes figures", async () => {
    const folder = await temporaryFolder();
    const json = join(folder.path, "figures.json");
    const { code, out } = await simulator("--seeds", "3", "--jobs", "4", "--faults", "none", "--json", json);
    const figures: unknown = JSON.parse(await readFile(json, "utf8"));
    await folder.remove();
    expect(out.trimEnd().split("\n").at(-1)).toBe("seeds 3, jobs 12, faults 0, violations 0");
    expect([code, figures]).toMatchObject([0, { seeds: 3, jobs: 12, violations: 0 }]);
  });

  it("tells the whole story of one seed", async () => {
    const { code, out } = await simulator("--seed", "3", "--jobs", "4", "--story");
    expect(out).toMatch(/^ +0:\d\d:\d\d\.\d{3} +forge +job f\d is success/m);
    expect(out).toContain("seed 3 holds");
    expect(code).toBe(0);
  });

  it("refuses what it does not know with exit code 2, and says what to write", async () => {
    const { code, out, err } = await simulator("--faults", "wether");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("--faults wether: write all, none, or some of");
  });

  it("stops at a signal, and still ends with its last line", async () => {
    const child = execFile(process.execPath, [join(__dirname, "start.mjs"), "--seeds", "100000", "--jobs", "4"]);
    let out = "";
    child.stdout?.on("data", (text: string) => (out += text));
    // The first word of it: it is at work.
    child.stderr?.once("data", () => child.kill("SIGINT"));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(out.trimEnd().split("\n").at(-1)).toMatch(/^seeds \d+, jobs \d+, faults \d+, violations 0$/);
    expect(code).toBe(130);
  });
});
