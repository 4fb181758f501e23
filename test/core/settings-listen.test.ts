import { parseListen } from "../../runtime/core/settings-listen";

describe("parseListen", () => {
  it.each([
    ["127.0.0.1:7433", { host: "127.0.0.1", port: 7433 }],
    ["localhost:0", { host: "localhost", port: 0 }],
    ["[::1]:7433", { host: "::1", port: 7433 }],
    ["ci.example.org:65535", { host: "ci.example.org", port: 65_535 }],
  ])("takes %j apart", (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  it.each([
    "",
    "7433",
    ":7433",
    "localhost",
    "localhost:",
    "localhost:65536",
    "localhost:-1",
    "localhost:80a",
    "::1:7433",
    "http://localhost:80",
    "a b:80",
    "localhost:80/path",
  ])("refuses %j", (text) => {
    expect(parseListen(text)).toBeUndefined();
  });
});
