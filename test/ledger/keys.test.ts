import { dueShards, duePartition, duePartitions, idOfKey, keys, parseKey, recentAt } from "../../runtime/ledger/keys";

describe("keys of the ledger", () => {
  it.each([
    { key: keys.job("api/local/1", "small"), item: { kind: "job", key: "api/local/1", profile: "small" } },
    { key: keys.job("gh/x/1#2", null), item: { kind: "job", key: "gh/x/1#2", profile: null } },
    { key: keys.runner("small", "r1"), item: { kind: "runner", id: "r1", profile: "small" } },
    { key: keys.planner("small"), item: undefined },
    { key: keys.enrolment("r1"), item: undefined },
  ])("tell what lives at $key.pk $key.sk", ({ key, item }) => {
    expect(parseKey(key)).toEqual(item);
  });

  it("keep secrets under their own name, and everything else remembered away from it", () => {
    expect(keys.note("SECRET#a").pk).toBe("SECRET#a");
    expect(keys.note("FLEET").pk).toBe("NOTE#FLEET");
  });

  it("spread deadlines over all partitions, and each item always into the same", () => {
    const used = Array.from({ length: 400 }, (_, n) => duePartition("deadline", keys.job(`api/local/${n}`, "small")));
    expect(new Set(used)).toEqual(new Set(duePartitions("deadline")));
    expect(duePartitions("deadline")).toHaveLength(dueShards);
    expect(duePartition("deadline", keys.fleet)).toBe(duePartition("deadline", keys.fleet));
  });

  it("sort jobs by the time they were made, whatever its length", () => {
    const at = (createdAt: number) => recentAt({ createdAt, key: "k" });
    expect([at(10_000), at(9), at(1_700_000_000_000)].sort()).toEqual([at(9), at(10_000), at(1_700_000_000_000)]);
  });

  it.each([
    ["api/local/01JD", "01JD"],
    ["gh/x.ghe.com/a/b", "a/b"],
    ["01JD", "01JD"],
    ["api/local/", ""],
  ])("know the id in %s", (key, id) => {
    expect(idOfKey(key)).toBe(id);
  });
});
