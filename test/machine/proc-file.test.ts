import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProcFile } from "../../runtime/machine/proc-file";

const dir = mkdtempSync(join(tmpdir(), "onejob-proc-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe("a file of the kernel", () => {
  it("is read to its end, and of a longer one only the beginning", () => {
    const file = join(dir, "file");
    writeFileSync(file, "a".repeat(100_000));
    expect(readProcFile(file).toString()).toBe("a".repeat(100_000));
    truncateSync(file, 1024 * 1024 * 1024);
    expect(readProcFile(file)).toHaveLength(256 * 1024);
    expect(readProcFile(file, 3).toString()).toBe("aaa");
  });

  it("says why it cannot be read", () => {
    expect(() => readProcFile(join(dir, "none"))).toThrow("ENOENT");
    expect(() => readProcFile(dir)).toThrow("EISDIR");
  });
});
