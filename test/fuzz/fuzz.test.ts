/** A fixed share of what `npm run fuzz` tries, and proof that the fuzzer sees what it looks for. */
import type { Dice } from "./dice";
import { shorterBytes } from "./minimise";
import { fuzz } from "./run";
import { anyTarget, promise, type Target } from "./target";
import { agent } from "./targets/agent";
import { bundle } from "./targets/bundle";
import { config } from "./targets/config";
import { http } from "./targets/http";
import { webhook } from "./targets/webhook";

const limitMs = 10_000;
/** Three seconds each on a machine that does nothing else. */
const longMs = 60_000;
const share = { seed: 7, from: 0, limitMs };

describe("bad input is refused in words, and never crashes, hangs, or is called the server's fault", () => {
  it.each([
    ["webhooks", 14_500, anyTarget(webhook)],
    ["messages of agents", 500, anyTarget(agent)],
    ["requests to the API", 400, anyTarget(http)],
    ["packed folders", 1_500, anyTarget(bundle)],
    ["config files", 1_600, anyTarget(config)],
  ])(
    "%s: %i of them",
    async (_, inputs, target) => {
      expect(await target.run((one) => fuzz(one, { ...share, inputs }))).toMatchObject({ inputs, failures: [] });
    },
    longMs,
  );
});

const bytes: Omit<Target<Buffer>, "open"> = {
  ...{ name: "bytes", share: 1, round: 10 },
  smaller: shorterBytes,
  show: (input) => input.toString("hex"),
};

function target(attempt: (input: Buffer) => Promise<void>): Target<Buffer> {
  const stage = { make: (dice: Dice) => dice.bytes(dice.below(40)), attempt, close: async () => undefined };
  return { ...bytes, open: async () => stage };
}

const breaks = target(async (input) => promise(!input.includes(0x7f), () => "it holds 0x7f"));
const hangs = target((input) => (input.includes(0x7f) ? new Promise(() => undefined) : Promise.resolve()));

/** Fails only for a 3 that follows a 2 that follows a 1. */
const forgetful: Target<number> = {
  ...{ name: "forgetful", share: 1, round: 100 },
  open: async () => {
    let seen = 0;
    return {
      make: (dice) => 1 + dice.below(9),
      attempt: async (input) => {
        if (input === seen + 1) seen += 1;
        promise(seen < 3, () => "three in order");
      },
      close: async () => undefined,
    };
  },
  smaller: () => [],
  show: String,
};

describe("the fuzzer", () => {
  it("makes of a failing input the smallest that still fails", async () => {
    const { failures } = await fuzz(breaks, { ...share, inputs: 100 });
    expect(failures).toMatchObject([{ inputs: ["7f"] }]);
  });

  it("takes an input that never ends for a failure", async () => {
    const { failures } = await fuzz(hangs, { ...share, inputs: 30, limitMs: 5 });
    expect(failures).toMatchObject([{ problem: "no end within 5 ms", inputs: ["7f"] }]);
  });

  it("finds a failure again by its number alone", async () => {
    const [failure] = (await fuzz(breaks, { ...share, inputs: 100 })).failures;
    const { number = -1, inputs } = failure ?? {};
    const again = await fuzz(breaks, { ...share, from: number, inputs: 1 });
    expect(again.failures).toMatchObject([{ number, inputs }]);
  });

  it("keeps of many inputs only those that fail together", async () => {
    const { failures } = await fuzz(forgetful, { ...share, inputs: 100 });
    expect(failures[0]?.inputs).toEqual(["1", "2", "3"]);
  });

  it("makes other inputs of another seed", async () => {
    const first = async (seed: number) => (await fuzz(breaks, { ...share, seed, inputs: 100 })).failures[0]?.number;
    expect(await first(4)).not.toEqual(await first(5));
  });

  it("counts what went wrong aside", async () => {
    const troubles = ["a rejection nobody handled"];
    const trouble = () => troubles.shift();
    const { failed } = await fuzz(config, { ...share, inputs: 3, trouble });
    expect(failed).toBe(1);
  });
});
