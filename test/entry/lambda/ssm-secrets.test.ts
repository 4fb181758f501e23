import type { SSMClient } from "@aws-sdk/client-ssm";
import { ssmSecrets } from "../../../runtime/entry/lambda/ssm-secrets";
import { SetClock } from "../../contract/ledger.contract";

class Bench {
  readonly clock = new SetClock();
  readonly values = new Map<string, string>([["/a", "secret a"]]);
  readonly asked: string[] = [];
  failure: Error | undefined;

  readonly secrets = ssmSecrets({
    client: { send: (command: object) => this.answer(command) } as Partial<SSMClient> as SSMClient,
    clock: this.clock,
  });

  later(ms: number): void {
    this.clock.set(this.clock.now() + ms);
  }

  private async answer({ input }: { input?: { Name?: string; WithDecryption?: boolean } }): Promise<object> {
    const name = input?.Name ?? "";
    this.asked.push(name);
    if (input?.WithDecryption !== true) throw new Error("it was not asked to be decrypted");
    if (this.failure !== undefined) throw this.failure;
    const value = this.values.get(name);
    if (value === undefined) throw Object.assign(new Error("no"), { name: "ParameterNotFound" });
    return { Parameter: { Name: name, Value: value } };
  }
}

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
});
