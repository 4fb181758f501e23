/** Which fleet is meant, where its signature is checked, and what its door's own answers mean. */
import { errorExit } from "../../runtime/cli/exit";
import { signingScope } from "../../runtime/cli/fleet/address";
import { fleetError } from "../../runtime/cli/fleet/fleet-error";
import { fleetName } from "../../runtime/cli/fleet/fleet";
import { isTransient } from "../../runtime/cli/client";

describe("which is asked", () => {
  const both = { ONEJOB_FLEET: "ci", ONEJOB_URL: "http://127.0.0.1:1" };
  it.each([
    { claim: "the fleet of --fleet", options: { fleet: "ci" }, env: {}, expected: "ci" },
    {
      claim: "the fleet of --fleet, whatever the environment says",
      options: { fleet: "ci" },
      env: { ...both, ONEJOB_FLEET: "other" },
      expected: "ci",
    },
    { claim: "the fleet of ONEJOB_FLEET", options: {}, env: { ONEJOB_FLEET: "ci" }, expected: "ci" },
    { claim: "the fleet where the environment names both", options: {}, env: both, expected: "ci" },
    {
      claim: "the server of --url, whatever the environment says",
      options: { url: "http://127.0.0.1:1" },
      env: both,
      expected: undefined,
    },
    { claim: "a server where ONEJOB_FLEET is empty", options: {}, env: { ONEJOB_FLEET: "" }, expected: undefined },
    { claim: "a server where nothing is named", options: {}, env: {}, expected: undefined },
  ])("is $claim", ({ options, env, expected }) => {
    expect(fleetName({ options, io: { env } })).toBe(expected);
  });

  it.each([{ url: "http://127.0.0.1:1" }, { tokenFile: "t" }])("is refused where --fleet stands beside %j", (other) => {
    expect(() => fleetName({ options: { fleet: "ci", ...other }, io: { env: {} } })).toThrow(/contradict each other/);
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
  const denied = (what: string) => message(`User: arn:aws:iam::1:user/x is not authorized to perform: ${what} on y`);
  const expired = message("The security token included in the request is expired");
  const unknown = message("The security token included in the request is invalid.");
  const wrongKey = message("The request signature we calculated does not match");
  const wrongScope = message("Credential should be scoped to a valid region. ");
  const late = message("Signature expired: 2026 is now earlier than 2027");
  const large = message("Request must be smaller than 6291556 bytes");
  const busy = '{"Reason":"ConcurrentInvocationLimitExceeded"}';
  it.each([
    { claim: "names both rights", status: 403, body: forbidden, code: 77, said: both },
    { claim: "names both rights", status: 403, body: denied("lambda:InvokeFunctionUrl"), code: 77, said: both },
    { claim: "names an API's right", status: 403, body: denied("execute-api:Invoke"), code: 77, said: /execute-api:I/ },
    { claim: "sends to log in again", status: 403, body: expired, code: 77, said: /have expired.*aws sso login/s },
    { claim: "sends to log in again", status: 403, body: unknown, code: 77, said: /does not know yours/ },
    { claim: "sends to the clock", status: 403, body: late, code: 77, said: /clock/ },
    { claim: "sends to the region", status: 403, body: wrongScope, code: 77, said: /AWS_REGION/ },
    { claim: "sends to the secret key", status: 403, body: wrongKey, code: 77, said: /secret access key/ },
    { claim: "sends to pulumi up", status: 404, body: '{"Message":null}', code: 66, said: /pulumi up/ },
    { claim: "asks for patience", status: 429, body: busy, code: 69, said: /try again in a moment/ },
    { claim: "sends to the log", status: 502, body: "Internal Server Error", code: 69, said: /\/onejob\/ci\/api/ },
    { claim: "sends to the log", status: 500, body: "<html>", code: 69, said: /\/onejob\/ci\/api/ },
    { claim: "says what is too large", status: 413, body: large, code: 1, said: /6 MB/ },
    { claim: "is shown as it is", status: 302, body: "", code: 1, said: /HTTP status 302/ },
  ])("$claim for $status $body", ({ status, body, code, said }) => {
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
