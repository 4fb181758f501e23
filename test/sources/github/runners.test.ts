import { Bench, errorOf, githubRunner } from "./source-bench";
import { no, ok, scriptedGithub } from "./scripted-github";

const list = "GET /repos/acme/widgets/actions/runners";
const remove = (id: string | number, scope = "/repos/acme/widgets") => `DELETE ${scope}/actions/runners/${id}`;
const listed = (id: number | string, name: string, rest: object = {}) => ({
  id,
  name,
  status: "offline",
  busy: false,
  ...rest,
});

describe("runners at GitHub", () => {
  const github = scriptedGithub();
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench(github.url, { scopes: ["acme/widgets", "acme"] });
  });

  describe("are withdrawn", () => {
    it.each([
      [204, "withdrawn"],
      [422, "busy"],
    ])("by their handle: %i is %s", async (status, outcome) => {
      github.on(remove(501), status === 204 ? { status } : no(status, "words"));
      expect(await bench.source.withdraw(githubRunner(), "501")).toBe(outcome);
      expect(github.calls).toEqual([remove(501)]);
    });

    it("by their name where the handle is gone, for they may have been registered anew", async () => {
      github.on(remove(501), no(404, "Not Found"));
      github.on(list, ok({ runners: [listed(502, "onejob-r1")] })).on(remove(502), { status: 204 });
      expect(await bench.source.withdraw(githubRunner({ id: "r1" }), "501")).toBe("withdrawn");
      expect(github.calls.at(-1)).toBe(remove(502));
    });

    it("by their name where no handle is known, on whichever page, though the server ignores the filter", async () => {
      github.on(list, ok({ runners: [listed(1, "onejob-r10")] }, { link: '<http://x/?page=2>; rel="next"' }));
      github.on(`${list}?page=2`, ok({ runners: [listed(2, "onejob-r1")] }));
      github.on(remove(2), { status: 204 });
      expect(await bench.source.withdraw(githubRunner({ id: "r1" }), null)).toBe("withdrawn");
      expect(github.calls[0]).toContain("name=onejob-r1");
    });

    it("without a call to delete where no runner has the name", async () => {
      github.on(list, ok({ runners: [listed(1, "other")] }));
      expect(await bench.source.withdraw(githubRunner(), null)).toBe("withdrawn");
      expect(github.calls.some((call) => call.startsWith("DELETE"))).toBe(false);
    });

    it("where they are registered, though that scope is configured no more", async () => {
      const runner = githubRunner({ reach: { ...githubRunner().reach, scope: "former" } });
      github.on(remove(5, "/orgs/former"), { status: 204 });
      expect(await bench.source.withdraw(runner, "5")).toBe("withdrawn");
    });

    it.each([
      [403, "source-refused"],
      [500, "source-unreachable"],
    ])("or it is said that this could not be found out: %i is %s", async (status, code) => {
      github.on(remove(501), no(status, "no"));
      expect((await errorOf(bench.source.withdraw(githubRunner(), "501"))).code).toBe(code);
    });
  });

  describe("that nobody will ever use are removed", () => {
    const gone =
      (...ids: string[]) =>
      (id: string) =>
        Promise.resolve(ids.includes(id));

    it("when they bear a name of ours, are offline, idle, and gone here", async () => {
      const runners = [
        listed("9007199254740993", "onejob-dead"),
        listed(2, "onejob-alive"),
        listed(3, "onejob-online", { status: "online" }),
        listed(4, "onejob-busy", { busy: true }),
        listed(5, "somebody"),
        listed(6, "onejob-"),
      ];
      const text = JSON.stringify({ runners }).replace('"9007199254740993"', "9007199254740993");
      github.on(list, { status: 200, text }).on("GET /orgs/acme/actions/runners", ok({ runners: [] }));
      github.on(remove("9007199254740993"), { status: 204 });
      expect(await bench.source.removeGhosts(gone("dead", "online", "busy", "", "somebody"))).toBe(1);
      expect(github.calls.filter((call) => call.startsWith("DELETE"))).toEqual([remove("9007199254740993")]);
    });

    it("in every scope, counting only what went by our doing", async () => {
      github.on(list, ok({ runners: [listed(1, "onejob-a"), listed(2, "onejob-b")] }));
      github.on("GET /orgs/acme/actions/runners", ok({ runners: [listed(3, "onejob-c")] }));
      github
        .on(remove(1), no(404, "Not Found"))
        .on(remove(2), no(422, "busy"))
        .on(remove(3, "/orgs/acme"), { status: 204 });
      expect(await bench.source.removeGhosts(gone("a", "b", "c"))).toBe(1);
    });

    it("though one scope cannot be asked, which is logged", async () => {
      github.on("GET /orgs/acme/actions/runners", ok({ runners: [listed(3, "onejob-c")] }));
      github.on(remove(3, "/orgs/acme"), { status: 204 }).on(list, no(403, "no"));
      expect(await bench.source.removeGhosts(gone("c"))).toBe(1);
      expect(bench.lines.map(({ fields }) => fields["scope"])).toEqual(["acme/widgets"]);
    });

    it("or it is said that none could be asked", async () => {
      github.on(list, "drop").on("GET /orgs/acme/actions/runners", "drop");
      expect((await errorOf(bench.source.removeGhosts(gone()))).code).toBe("source-unreachable");
    });
  });
});
