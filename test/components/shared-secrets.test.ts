/** Which function may read which of the secrets that functions share, by the names they really have. */
import { functionNames, type FunctionName } from "../../components/function-names";
import { statementsOf, type FunctionResources, type Statement } from "../../components/permissions";
import { agentKeySecret } from "../../runtime/core/secret-names";
import { keys } from "../../runtime/ledger/keys";
import { noteNames } from "../../runtime/sources/github/shelf";
import { byApp, someSource } from "../sources/github/source-bench";

const fleet: FunctionResources = {
  ...{ fleet: "ci", partition: "aws", region: "eu-central-1", accountId: "123456789012", securityGroupId: "sg-1" },
  ...{ tableArn: "table", queueArn: "queue", bucketArn: "bucket", logGroupArn: "logs", settingsPath: "/settings" },
  ...{ webhookSecrets: [], credentials: [], imagePointers: [], subnetIds: [], machineRoleArns: [] },
};

describe("what functions share in the ledger", () => {
  const { token, installation, pauses, points } = noteNames(someSource("https://github.com", { auth: byApp }));
  const key = (name: string): string => keys.note(name).pk;
  const [agentKey, forgeToken] = [key(agentKeySecret), key(token("9"))];
  const open = [pauses, installation("acme"), points("app")].map(key);
  /** As IAM reads the statements: a denial of any key of a request denies the request. */
  const mayRead = (name: FunctionName, hash: string): boolean => {
    const of = (effect: string) =>
      statementsOf(name, fleet)
        .filter(({ Effect, Action }) => Effect === effect && Action.includes("dynamodb:GetItem"))
        .map(({ Condition = {} }): NonNullable<Statement["Condition"]> => Condition);
    const denied = of("Deny").flatMap((condition) =>
      [condition["ForAnyValue:StringLike"]?.["dynamodb:LeadingKeys"] ?? []].flat(),
    );
    return of("Allow").length > 0 && !denied.some((pattern) => hash.startsWith(pattern.replace(/\*$/, "")));
  };

  it.each<[FunctionName, { agentKey: boolean; forgeToken: boolean; open: boolean }]>([
    ["webhook", { agentKey: false, forgeToken: false, open: false }],
    ["events", { agentKey: false, forgeToken: false, open: false }],
    ["api", { agentKey: false, forgeToken: false, open: true }],
    ["agent", { agentKey: true, forgeToken: false, open: true }],
    ["work", { agentKey: true, forgeToken: true, open: true }],
    ["sweep", { agentKey: true, forgeToken: true, open: true }],
  ])("is to function %s: %j", (name, expected) => {
    const [first, ...others] = open.map((hash) => mayRead(name, hash));
    expect(new Set(others)).toEqual(new Set([first]));
    expect({
      agentKey: mayRead(name, agentKey),
      forgeToken: mayRead(name, forgeToken),
      open: first,
    }).toEqual(expected);
  });

  it("can be listed by nobody who does not know its names", () => {
    const actions = functionNames.flatMap((name) => statementsOf(name, fleet).flatMap(({ Action }) => Action));
    for (const action of ["dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:ExportTableToPointInTime"])
      expect(actions).not.toContain(action);
  });
});
