/** Which fleet is meant, where its signature is checked, and what its door's own answers mean. */
import { errorExit } from "../../runtime/cli/exit";
import { signingScope } from "../../runtime/cli/fleet/address";
import { fleetError } from "../../runtime/cli/fleet/fleet-error";
import { namedFleet } from "../../runtime/cli/server-address";
import { isTransient } from "../../runtime/cli/client";

describe("which is asked", () => {
  const both = { ONEJOB_FLEET: "ci", ONEJOB_URL: "http://127.0.0.1:1" };
  it.each([
    ["the fleet of --fleet", { fleet: "ci" }, {}, "ci"],
    ["the fleet of --fleet, whatever the environment says", { fleet: "ci" }, { ...both, ONEJOB_FLEET: "other" }, "ci"],
    ["the fleet of ONEJOB_FLEET", {}, { ONEJOB_FLEET: "ci" }, "ci"],
    ["the fleet where the environment names both", {}, both, "ci"],
    ["the server of --url, whatever the environment says", { url: "http://127.0.0.1:1" }, both, undefined],
    ["a server where ONEJOB_FLEET is empty", {}, { ONEJOB_FLEET: "" }, undefined],
    ["a server where nothing is named", {}, {}, undefined],
  ])("is %s", (_claim, options, env, expected) => {
    expect(namedFleet(options, { env })).toBe(expected);
  });

  it.each([{ url: "http://127.0.0.1:1" }, { tokenFile: "t" }])("is refused where --fleet stands beside %j", (other) => {
    expect(() => namedFleet({ fleet: "ci", ...other }, { env: {} })).toThrow(/contradict each other/);
  });
});

it.each([
  ["https://abc.lambda-url.eu-north-1.on.aws", { service: "lambda", region: "eu-north-1" }],
  ["https://abc.execute-api.us-gov-west-1.amazonaws.com/live", { service: "execute-api", region: "us-gov-west-1" }],
  ["https://abc-vpce-0a1b.execute-api.cn-north-1.amazonaws.com.cn/x", { service: "execute-api", region: "cn-north-1" }],
  ["http://127.0.0.1:4010", { service: "lambda", region: "eu-west-1" }],
  ["https://x.lambda-url.us-east-1.on.aws.example.com", { service: "lambda", region: "eu-west-1" }],
])("a request to %s is signed for %j", (url, scope) => {
  expect(signingScope(new URL(url), "eu-west-1")).toEqual(scope);
});

describe("an answer of the door itself", () => {
  const forbidden = '{"Message":"Forbidden"}';
  const both = /lambda:InvokeFunctionUrl, and lambda:InvokeFunction where lambda:InvokedViaFunctionUrl is true/;
  const message = (text: string) => JSON.stringify({ message: text });
  it.each([
    ["names both rights", 403, forbidden, 77, both],
    [
      "names both rights",
      403,
      message("User: arn:aws:iam::1:user/x is not authorized to perform: lambda:InvokeFunctionUrl"),
      77,
      both,
    ],
    [
      "names the right of an API",
      403,
      message("User: x is not authorized to perform: execute-api:Invoke on y"),
      77,
      /execute-api:Invoke on the fleet's API/,
    ],
    [
      "sends to log in again",
      403,
      message("The security token included in the request is expired"),
      77,
      /have expired.*aws sso login/s,
    ],
    [
      "sends to log in again",
      403,
      message("The security token included in the request is invalid."),
      77,
      /does not know your credentials/,
    ],
    ["sends to the clock", 403, message("Signature expired: 2026 is now earlier than 2027"), 77, /clock/],
    ["sends to the region", 403, message("Credential should be scoped to a valid region. "), 77, /AWS_REGION/],
    [
      "sends to the secret key",
      403,
      message("The request signature we calculated does not match"),
      77,
      /secret access key/,
    ],
    ["sends to pulumi up", 404, '{"Message":null}', 66, /pulumi up/],
    ["asks for patience", 429, '{"Reason":"ConcurrentInvocationLimitExceeded"}', 69, /try again in a moment/],
    ["sends to the function's log", 502, "Internal Server Error", 69, /\/onejob\/ci\/api/],
    ["sends to the function's log", 500, "<html>", 69, /\/onejob\/ci\/api/],
    ["says what is too large", 413, message("Request must be smaller than 6291556 bytes"), 1, /6 MB/],
    ["is shown as it is", 302, "", 1, /HTTP status 302/],
  ])("%s for %i %s", (_claim, status, body, code, said) => {
    const error = fleetError(status, body, "ci");
    expect(`${error.message}\n${error.fix}`).toMatch(said);
    expect(errorExit(error, { submitting: false })).toBe(code);
    expect(`${error.message}${error.fix}`).not.toContain("--token-file");
  });

  it.each([
    [429, true],
    [502, true],
    [403, false],
    [404, false],
  ])("with status %i is waited out: %s", (status, transient) => {
    expect(isTransient(fleetError(status, "", "ci"))).toBe(transient);
  });

  it("passes the function's own errors on, and speaks of credentials instead of a token", () => {
    const ours = { code: "not-found", what: "there is no such thing", fix: "run `onejob list`", retry: false };
    expect(fleetError(404, JSON.stringify({ error: ours }), "ci")).toMatchObject({ code: "not-found", fix: ours.fix });
    const refused = { ...ours, code: "unauthorised", fix: "pass --token-file" };
    expect(fleetError(401, JSON.stringify({ error: refused }), "ci").fix).toMatch(/own account/);
  });
});
