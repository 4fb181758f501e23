import { builtInSettings } from "../../runtime/core/read-settings";
import { readConfigText } from "../../runtime/entry/local/config-file";
import { starterConfig } from "../../runtime/entry/local/starter-config";

describe("the file that init writes", () => {
  it.each([
    { os: "linux", arch: "x64" },
    { os: "darwin", arch: "arm64" },
    { os: "win32", arch: "x64" },
  ])("is valid on %j and says the same as no file", (machine) => {
    expect(readConfigText(starterConfig(machine), machine)).toEqual({ ok: true, settings: builtInSettings(machine) });
  });

  it("stays valid when its commented lines are taken in", () => {
    const text = starterConfig({ os: "linux", arch: "x64" }).replaceAll(/# (memoryMiB|cpus):/g, "$1:");
    const result = readConfigText(text, { os: "linux", arch: "x64" });
    expect(result.ok && result.settings.profiles[0]?.limits).toEqual({ maxRunners: 8, memoryMiB: 2048, cpus: 2 });
  });

  it("explains every line that holds a value", () => {
    const lines = starterConfig({ os: "linux", arch: "x64" }).split("\n");
    const silent = lines.filter((line) => /^[^#]*: *[^ #]/.test(line) && !line.includes(" # "));
    expect(silent).toEqual([]);
  });
});
