import type { SSMClient } from "@aws-sdk/client-ssm";
import type { LogFields } from "../../../runtime/core/ports";
import { ssmSecrets } from "../../../runtime/entry/lambda/ssm-secrets";
import { SetClock } from "../../contract/ledger.contract";

class Bench {
  readonly clock = new SetClock();
  readonly values = new Map<string, string>([
    ["/a", "secret a"],
    ["/b", "secret b"],
  ]);
  readonly asked: string[] = [];
  readonly warned: LogFields[] = [];
  readonly pauses: number[] = [];
  failure: Error | undefined;
  /** What the next calls throw. */
  throttles = 0;

  readonly secrets = ssmSecrets({
    client: { send: (command: object) => this.answer(command) } as Partial<SSMClient> as SSMClient,
    log: { warn: (_, fields = {}) => void this.warned.push(fields) },
    patience: {
      withinMs: 2_000,
      clock: this.clock,
      random: { fraction: () => 0.5 },
      pause: async (ms) => {
        this.pauses.push(ms);
        this.later(ms);
      },
    },
  });

  later(ms: number): void {
    this.clock.set(this.clock.now() + ms);
  }

  private async answer({ input }: { input?: { Name?: string; WithDecryption?: boolean } }): Promise<object> {
    const name = input?.Name ?? "";
    this.asked.push(name);
    if (input?.WithDecryption !== true) throw new Error("it was not asked to be decrypted");
    if (this.throttles > 0) {
      this.throttles -= 1;
      throw throttled();
    }
    if (this.failure !== undefined) throw this.failure;
    const value = this.values.get(name);
    if (value === undefined) throw Object.assign(new Error("no"), { name: "ParameterNotFound" });
    return { Parameter: { Name: name, Value: value } };
  }
}

const throttled = (): Error => Object.assign(new Error("Rate exceeded"), { name: "ThrottlingException" });

describe("secrets from SSM", () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));
  const read = (name = "/a") => bench.secrets.read({ ssm: name });

  it("are read once in five minutes, also by many at once, and anew after that", async () => {
    await Promise.all([read(), read()]);
    bench.later(299_999);
    expect(await read()).toBe("secret a");
    expect(bench.asked).toEqual(["/a"]);
    bench.values.set("/a", "another");
    bench.later(1);
    expect(await read()).toBe("another");
  });

  it("lose the line break at their end, and nothing else", async () => {
    bench.values.set("/a", " two\nlines \r\n");
    expect(await read()).toBe(" two\nlines ");
  });

  it("are asked for again after a failure", async () => {
    bench.failure = new Error("SSM does not answer");
    await expect(read()).rejects.toMatchObject({ code: "secret-missing" });
    bench.failure = undefined;
    expect(await read()).toBe("secret a");
  });

  it.each([
    { why: "is not there", place: { ssm: "/none" }, words: "/none: there is no such parameter" },
    { why: "is empty", place: { ssm: "/empty" }, words: "/empty: it is empty" },
    {
      why: "would stand in the environment",
      place: { env: "TOKEN" },
      words: "TOKEN: a fleet reads secrets from SSM only",
    },
    { why: "would stand in a file", place: { file: "./a" }, words: "./a: a fleet reads secrets from SSM only" },
  ])("name their place when one $why", async ({ place, words }) => {
    bench.values.set("/empty", " \n");
    await expect(bench.secrets.read(place)).rejects.toThrow(words);
  });

  it("are asked for again while SSM is asked too often, later each time", async () => {
    bench.throttles = 2;
    expect(await read()).toBe("secret a");
    expect(bench.asked).toHaveLength(3);
    expect(bench.pauses).toEqual([187.5, 375]);
  });

  it("are given up for now when SSM is still asked too often in the end, and asked for with the next reading", async () => {
    bench.throttles = 100;
    await expect(read()).rejects.toMatchObject({ code: "secret-missing" });
    const [waitedMs, tries] = [bench.pauses.reduce((sum, ms) => sum + ms, 0), bench.asked.length];
    expect(waitedMs).toBeLessThanOrEqual(2_000);
    expect(tries).toBeGreaterThan(3);
    bench.throttles = 0;
    expect(await read()).toBe("secret a");
  });

  it("are not asked for again when nothing passes by itself", async () => {
    bench.failure = new Error("denied");
    await expect(read()).rejects.toMatchObject({ code: "secret-missing" });
    expect(bench.asked).toHaveLength(1);
  });

  it.each([
    { why: "SSM does not answer", spoil: (at: Bench) => (at.failure = new Error("no answer")) },
    { why: "SSM is asked too often", spoil: (at: Bench) => (at.failure = throttled()) },
    { why: "the parameter is being replaced", spoil: (at: Bench) => void at.values.delete("/a") },
    { why: "the parameter is empty", spoil: (at: Bench) => void at.values.set("/a", " ") },
  ])("stay the last good ones when $why, without waiting, and follow once they can be read", async ({ spoil }) => {
    await read();
    spoil(bench);
    bench.later(300_000);
    expect([await read(), await read()]).toEqual(["secret a", "secret a"]);
    expect(bench.asked).toHaveLength(2);
    expect(bench.pauses).toEqual([]);
    expect(bench.warned).toMatchObject([{ parameter: "/a" }]);
    bench.failure = undefined;
    bench.values.set("/a", "another");
    bench.later(30_000);
    expect(await read()).toBe("another");
  });

  it("stay the last good ones when a renewal fails", async () => {
    await read();
    bench.failure = throttled();
    expect(bench.secrets.renew([{ ssm: "/a" }])).toBe(true);
    expect(await read()).toBe("secret a");
  });

  it("never show in the log what they are", async () => {
    await read();
    bench.failure = new Error("no answer");
    bench.later(300_000);
    await read();
    expect(JSON.stringify(bench.warned)).not.toContain("secret a");
  });

  it("are renewed at most every 30 seconds, however many ask for it", async () => {
    await read();
    expect(bench.secrets.renew([{ ssm: "/a" }])).toBe(true);
    await read();
    bench.later(29_999);
    expect(bench.secrets.renew([{ ssm: "/a" }])).toBe(false);
    await read();
    bench.later(1);
    expect(bench.secrets.renew([{ ssm: "/a" }])).toBe(true);
    await read();
    expect(bench.asked).toHaveLength(3);
  });

  it("are renewed each by itself: who spoils one source's does not keep another's old", async () => {
    await Promise.all([read("/a"), read("/b")]);
    expect(bench.secrets.renew([{ ssm: "/a" }])).toBe(true);
    expect(bench.secrets.renew([{ ssm: "/b" }])).toBe(true);
    expect(bench.secrets.renew([{ ssm: "/a" }, { ssm: "/b" }])).toBe(false);
    bench.values.set("/b", "another b");
    expect(await read("/b")).toBe("another b");
  });
});
