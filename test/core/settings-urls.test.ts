import { apiBase, forgeOrigin, serverOrigin } from "../../runtime/core/settings-urls";

describe("the address of a forge", () => {
  it.each([
    ["https://github.com", "https://github.com"],
    ["https://github.com/", "https://github.com"],
    ["HTTPS://GitHub.com:443", "https://github.com"],
    ["https://acme.ghe.com", "https://acme.ghe.com"],
    ["https://ghes.example.org:8443", "https://ghes.example.org:8443"],
    ["http://127.0.0.1:4010", "http://127.0.0.1:4010"],
    ["http://127.8.9.1", "http://127.8.9.1"],
    ["http://localhost:4010/", "http://localhost:4010"],
    ["http://[::1]:4010", "http://[::1]:4010"],
  ])("%s is kept as %s", (text, origin) => {
    expect(forgeOrigin(text)).toBe(origin);
  });

  it.each([
    "",
    "github.com",
    "http://github.com",
    "http://127.0.0.1.example.org",
    "http://localhost.example.org",
    "http://10.0.0.1",
    "http://[::2]",
    "ftp://localhost",
    "https://",
    "https://github.com/acme",
    "https://github.com//",
    "https://github.com?x",
    "https://github.com/?x",
    "https://github.com#x",
    "https://user@github.com",
    "https://user:password@github.com",
    "https://github.com\\acme",
    " https://github.com",
    "https://git hub.com",
    "https://github.com:99999",
    "https://api.github.com",
    "https://api.acme.ghe.com",
  ])("may not be %j", (text) => {
    expect(forgeOrigin(text)).toBeUndefined();
  });
});

describe("the address of an API", () => {
  it.each([
    ["https://api.github.com", "https://api.github.com"],
    ["https://ghes.example.org/api/v3/", "https://ghes.example.org/api/v3"],
    ["http://localhost:4010/api", "http://localhost:4010/api"],
  ])("%s is kept as %s", (text, base) => {
    expect(apiBase(text)).toBe(base);
  });

  it.each(["http://api.github.com", "https://x@y/z", "https://y/z?q", "https://y/z#f", "y/z"])(
    "may not be %j",
    (text) => {
      expect(apiBase(text)).toBeUndefined();
    },
  );
});

describe("the address of our own server", () => {
  it.each([
    ["http://host.docker.internal:7433/", "http://host.docker.internal:7433"],
    ["https://ci.example.org", "https://ci.example.org"],
  ])("%s is kept as %s", (text, origin) => {
    expect(serverOrigin(text)).toBe(origin);
  });

  it.each(["host:7433", "http://host/path", "http://u:p@host", "unix:///run/x.sock"])("may not be %j", (text) => {
    expect(serverOrigin(text)).toBeUndefined();
  });
});
