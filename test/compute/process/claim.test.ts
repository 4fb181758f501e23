import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeClaim } from "../../../runtime/compute/process/claim";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "onejob-claims-"));
  file = join(dir, "20000");
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("a claim of a user", () => {
  it("is taken away while it says what it was judged by", async () => {
    writeFileSync(file, "/a/runners/r1");
    expect(await removeClaim(file, "/a/runners/r1")).toBe(true);
    expect(await removeClaim(file, "/a/runners/r1")).toBe(true);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("stays when another server took the user in the meantime", async () => {
    writeFileSync(file, "/b/runners/r2");
    expect(await removeClaim(file, "/a/runners/r1")).toBe(false);
    expect(readdirSync(dir)).toEqual(["20000"]);
    expect(readFileSync(file, "utf8")).toBe("/b/runners/r2");
  });
});
