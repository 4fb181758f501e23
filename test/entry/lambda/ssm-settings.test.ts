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
  readonly pauses: number[] = [];
  calls = 0;
  down = false;
  throttles = 0;
  /** Between two calls. */
  meanwhile: () => void = () => undefined;

  readonly settings = ssmSettings({
    client: { send: () => this.answer() } as Partial<SSMClient> as SSMClient,
    path,
    patience: {
      withinMs: 8_000,
      clock: this.clock,
      random: { fraction: () => 0.5 },
      pause: async (ms) => {
        this.pauses.push(ms);
        this.later(ms);
        this.meanwhile();
      },
    },
    log: { warn: (_, fields = {}) => void this.warned.push(fields) },
  });

  profiles(): readonly string[] {
    return this.settings.current().profiles.map(({ name }) => name);
  }

  base(more: object): void {
    this.parameters.set(`${path}/base`, JSON.stringify({ ...base, ...more }));
  }

  profile(name: string): void {
    this.parameters.set(`${path}/profiles/${name}`, JSON.stringify({ ...small, name, labels: [name] }));
  }

  later(ms: number): void {
    this.clock.set(this.clock.now() + ms);
  }

  private async answer(): Promise<object> {
    this.calls += 1;
    if (this.throttles > 0) {
      this.throttles -= 1;
      throw Object.assign(new Error("Rate exceeded"), { name: "ThrottlingException" });
    }
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
      const { calls } = bench;
      await expect(bench.settings.load()).rejects.toThrow();
      expect(bench.calls).toBeGreaterThan(calls);
    },
  );

  const passing = [
    { why: "SSM is asked too often", spoil: (at: Bench) => (at.throttles = 3) },
    { why: "they do not fit together yet", spoil: (at: Bench) => at.base({ defaultProfile: "large" }) },
    { why: "a named profile is not there yet", spoil: (at: Bench) => at.base({ profileNames: ["small", "large"] }) },
  ];
  it.each(passing)("are waited for at the first start when $why", async ({ spoil }) => {
    spoil(bench);
    bench.meanwhile = () => {
      if (bench.pauses.length === 3) bench.profile("large");
    };
    await bench.settings.load();
    expect(bench.calls).toBe(4);
    expect(bench.warned).toEqual([]);
  });

  it("are not waited for longer than eight seconds", async () => {
    bench.base({ profileNames: ["none"] });
    await expect(bench.settings.load()).rejects.toThrow("profiles/none");
    const waitedMs = bench.pauses.reduce((sum, ms) => sum + ms, 0);
    expect(waitedMs).toBeGreaterThan(5_000);
    expect(waitedMs).toBeLessThanOrEqual(8_000);
  });

  it("are not waited for when nothing passes by itself", async () => {
    bench.down = true;
    await expect(bench.settings.load()).rejects.toThrow();
    expect([bench.calls, bench.pauses]).toEqual([1, []]);
  });
});

describe("settings that name their profiles", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
    bench.profile("large");
    bench.profile("alpha");
  });

  it("have those only, in that order", async () => {
    bench.base({ profileNames: ["small", "alpha"] });
    await bench.settings.load();
    expect(bench.profiles()).toEqual(["small", "alpha"]);
  });

  it("stay as they were, at once, while a rename is half done, and follow when it is done", async () => {
    bench.base({ profileNames: ["small"] });
    await bench.settings.load();
    bench.base({ profileNames: ["tiny"] });
    bench.later(60_000);
    await bench.settings.load();
    expect(bench.profiles()).toEqual(["small"]);
    expect(bench.pauses).toEqual([]);
    bench.profile("tiny");
    bench.later(60_000);
    await bench.settings.load();
    expect(bench.profiles()).toEqual(["tiny"]);
  });

  it.each([["small"], [{}], [[1]], [null]])("are refused when the names are %j", async (profileNames) => {
    bench.base({ profileNames });
    await expect(bench.settings.load()).rejects.toThrow("profileNames is no list of names");
    expect(bench.calls).toBe(1);
  });
});
