import { ReadsAtOnce } from "../../runtime/ledger/reads-at-once";
import type { Item } from "../../runtime/ledger/items";

const key = (sk: string): Item => ({ pk: "p", sk });

function reading(there: readonly string[]) {
  const asked: string[][] = [];
  const reads = new ReadsAtOnce({
    one: async ({ sk }) => {
      asked.push([sk]);
      return Promise.resolve(there.includes(sk) ? key(sk) : undefined);
    },
    many: async (keys) => {
      asked.push(keys.map(({ sk }) => sk));
      return Promise.resolve(
        keys
          .map(({ sk }) => key(sk))
          .filter(({ sk }) => there.includes(sk))
          .reverse(),
      );
    },
  });
  return { reads, asked };
}

describe("reads of one moment", () => {
  it("are made together, each is answered with its own item, and no key is asked for twice", async () => {
    const { reads, asked } = reading(["a", "b"]);
    const found = await Promise.all(["a", "b", "c", "a"].map((sk) => reads.get(key(sk))));
    expect(found.map((item) => item?.sk)).toEqual(["a", "b", undefined, "a"]);
    expect(asked).toEqual([["a", "b", "c"]]);
  });

  it("are made singly where there is one, and anew the next time", async () => {
    const { reads, asked } = reading(["a"]);
    expect((await reads.get(key("a")))?.sk).toBe("a");
    expect(await reads.get(key("b"))).toBeUndefined();
    expect((await reads.get(key("a")))?.sk).toBe("a");
    expect(asked).toEqual([["a"], ["b"], ["a"]]);
  });

  it("fail together, and not the next", async () => {
    let isDown = true;
    const fail = (): Promise<never> => Promise.reject(new Error("down"));
    const reads = new ReadsAtOnce({ one: (wanted) => (isDown ? fail() : Promise.resolve(key(wanted.sk))), many: fail });
    const [a, b] = await Promise.allSettled([reads.get(key("a")), reads.get(key("b"))]);
    expect([a.status, b.status]).toEqual(["rejected", "rejected"]);
    isDown = false;
    expect((await reads.get(key("a")))?.sk).toBe("a");
  });
});
