import { nextPath } from "../../../runtime/sources/github/next-path";
import { apiBase, hostOf, isHosted, repositoryPath, scopeOf, scopePath } from "../../../runtime/sources/github/urls";

describe("the address of the API", () => {
  it.each([
    ["https://github.com", "https://api.github.com"],
    ["https://octo.ghe.com", "https://api.octo.ghe.com"],
    ["https://OCTO.GHE.COM", "https://api.octo.ghe.com"],
    ["https://github.example.com", "https://github.example.com/api/v3"],
    ["https://github.example.com:8443", "https://github.example.com:8443/api/v3"],
    ["http://127.0.0.1:4010", "http://127.0.0.1:4010/api/v3"],
    ["https://notgithub.com", "https://notgithub.com/api/v3"],
    ["https://evilghe.com", "https://evilghe.com/api/v3"],
    ["https://ghe.com", "https://ghe.com/api/v3"],
  ])("of %s is %s", (url, base) => {
    expect(apiBase(url)).toBe(base);
  });

  it("tells hosted servers, which are always new, from one's own", () => {
    expect(["https://github.com", "https://x.ghe.com", "https://ghes.example"].map(isHosted)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("keys jobs by host and port", () => {
    expect(hostOf("http://127.0.0.1:4010")).toBe("127.0.0.1:4010");
    expect(hostOf("https://github.com")).toBe("github.com");
  });
});

describe("a scope", () => {
  it("is an organisation or a repository by its slash", () => {
    expect(scopePath("acme")).toBe("/orgs/acme");
    expect(scopePath("acme/widgets")).toBe("/repos/acme/widgets");
  });

  it("cannot bring its own query or fragment into a path", () => {
    expect(repositoryPath("a?b/c#d")).toBe("/repos/a%3Fb/c%23d");
  });

  it.each([
    ["acme/widgets", ["acme", "acme/widgets"], "acme/widgets"],
    ["acme/other", ["acme/widgets", "acme"], "acme"],
    ["ACME/Widgets", ["acme/widgets"], "acme/widgets"],
    ["acme/widgets", ["Acme"], "Acme"],
    ["acme/widgets2", ["acme/widgets"], undefined],
    ["acmeother/widgets", ["acme"], undefined],
    ["widgets/acme", ["acme"], undefined],
  ])("of %s among %j is %s", (repository, scopes, scope) => {
    expect(scopeOf(repository, scopes)).toBe(scope);
  });
});

describe("the next page", () => {
  const path = "/repos/acme/widgets/actions/runs?per_page=100";

  it.each([
    ["nothing", null, null],
    ["a link to itself", '<https://api/x?page=1>; rel="first"', null],
    ["the next one", '<https://api/x?page=2>; rel="next", <https://api/x?page=9>; rel="last"', "?page=2"],
    ["the next one, named last", '<https://api/x?page=1>; rel="prev", <https://api/x?page=3>; rel="next"', "?page=3"],
    ["one on another server", '<https://evil.example/steal?page=2>; rel="next"', "?page=2"],
    ["one of a renamed repository", '<https://api/repositories/5/actions/runs?page=2>; rel="next"', "?page=2"],
    ["a broken address", '<http://[>; rel="next"', null],
    ["an address without a query", '<https://api/x>; rel="next"', null],
  ])("is read from %s, and never leaves the path", (_case, link, query) => {
    const expected = query === null ? null : `/repos/acme/widgets/actions/runs${query}`;
    expect(nextPath(path, link)).toBe(expected);
  });
});
