import type { SSMClient } from "@aws-sdk/client-ssm";
import type { LogFields } from "../../../runtime/core/ports";
import { ssmSettings } from "../../../runtime/entry/lambda/ssm-settings";
import { noon } from "../../fixtures/records";
import { SetClock } from "../../contract/ledger.contract";

const path = "/onejob/f/settings";
const base = { version: 1, sources: [] };
const small = { name: "small", labels: ["linux"], compute: { kind: "ec2" } };

class Bench {
  readonly clock = new SetClock();
  readonly warned: LogFields[] = [];
  readonly parameters = new Map<string, string>([
    [`${path}/base`, JSON.stringify(base)],
    [`${path}/profiles/small`, JSON.stringify(small)],
  ]);
  calls = 0;
  down = false;

  readonly settings = ssmSettings({
    client: { send: () => this.answer() } as Partial<SSMClient> as SSMClient,
    path,
    clock: this.clock,
    log: { warn: (_, fields = {}) => void this.warned.push(fields) },
  });

  profiles(): readonly string[] {
    return this.settings.current().profiles.map(({ name }) => name);
  }

  later(ms: number): void {
    this.clock.set(this.clock.now() + ms);
  }

  private async answer(): Promise<object> {
    this.calls += 1;
    if (this.down) throw new Error("SSM does not answer");
    return { Parameters: [...this.parameters].map(([Name, Value]) => ({ Name, Value })) };
  }
}

describe("settings from SSM", () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));

  it("are the base with a list of all profiles, by name", async () => {
    bench.parameters.set(`${path}/profiles/large`, JSON.stringify({ ...small, name: "large", labels: ["large"] }));
    await bench.settings.load();
    expect(bench.profiles()).toEqual(["large", "small"]);
    expect(bench.settings.current().sources).toEqual([{ name: "api", kind: "api" }]);
  });

  it("are read once a minute at most, and anew after it", async () => {
    for (const ms of [0, 30_000, 29_999]) {
      bench.later(ms);
      await bench.settings.load();
    }
    expect(bench.calls).toBe(1);
    bench.later(1);
    await bench.settings.load();
    expect(bench.calls).toBe(2);
  });

  it("are read once for all who need them at once", async () => {
    await Promise.all([bench.settings.load(), bench.settings.load()]);
    expect(bench.calls).toBe(1);
    expect(bench.profiles()).toEqual(["small"]);
  });

  it("are read anew when the clock was set back", async () => {
    await bench.settings.load();
    bench.clock.set(noon - 3_600_000);
    await bench.settings.load();
    expect(bench.calls).toBe(2);
  });

  const broken: readonly { why: string; spoil: (bench: Bench) => void }[] = [
    { why: "SSM does not answer", spoil: (at) => (at.down = true) },
    { why: "the base is gone", spoil: (at) => void at.parameters.delete(`${path}/base`) },
    { why: "the base is no JSON", spoil: (at) => void at.parameters.set(`${path}/base`, "{") },
    { why: "the base is no object", spoil: (at) => void at.parameters.set(`${path}/base`, "1") },
    {
      why: "they hold an unknown key",
      spoil: (at) => void at.parameters.set(`${path}/base`, '{"version":1,"colour":1}'),
    },
    {
      why: "a profile is of another host",
      spoil: (at) =>
        void at.parameters.set(`${path}/profiles/small`, '{"name":"p","labels":["a"],"compute":{"kind":"docker"}}'),
    },
  ];
  it.each(broken)("stay the last good ones when $why, with a warning, and follow once mended", async ({ spoil }) => {
    const good = new Map(bench.parameters);
    await bench.settings.load();
    spoil(bench);
    bench.later(60_000);
    await bench.settings.load();
    expect(bench.profiles()).toEqual(["small"]);
    expect(bench.warned).toHaveLength(1);
    bench.down = false;
    good.set(`${path}/profiles/small`, JSON.stringify({ ...small, name: "tiny" }));
    for (const [name, value] of good) bench.parameters.set(name, value);
    bench.later(60_000);
    await bench.settings.load();
    expect(bench.profiles()).toEqual(["tiny"]);
  });

  it.each(broken)(
    "are refused when $why and there never were any, and asked for again with the next call",
    async ({ spoil }) => {
      spoil(bench);
      await expect(bench.settings.load()).rejects.toThrow();
      expect(() => bench.settings.current()).toThrow("nothing was read");
      await expect(bench.settings.load()).rejects.toThrow();
      expect(bench.calls).toBe(2);
    },
  );
});
