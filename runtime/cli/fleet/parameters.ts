/**
 * The parameters of a fleet in SSM, with the AWS credentials of whoever runs this program. The one module of the CLI that
 * loads the client: it is bundled, and only commands that name a fleet pay for it.
 */
import {
  GetParameterCommand,
  GetParametersCommand,
  ParameterNotFound,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { AwsCredentials } from "../../entry/local/aws-signature";

export interface Parameters {
  /** `undefined`: there is none of that name. */
  read(name: string): Promise<string | undefined>;
  /** Which of them exist; their values are not decrypted. */
  existing(names: readonly string[]): Promise<ReadonlySet<string>>;
  /** Throws `usage` when nobody says which. */
  region(): Promise<string>;
  /** Renewed before they expire. */
  credentials(): Promise<AwsCredentials>;
  /** Encrypted with the account's key for SSM; replaces what stands there. */
  writeSecret(name: string, value: string, tags: Readonly<Record<string, string>>): Promise<void>;
}

type Env = Readonly<Record<string, string | undefined>>;

/** As many as one call takes. */
const atOnce = 10;

/** It tells of Node's age on standard error, which is ours. */
const quiet = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED";

/** Region and endpoint by the usual variables, else by the SDK's own files. Throws `aws-refused`, `aws-unreachable`. */
export function openParameters(env: Env): Parameters {
  process.env[quiet] ??= "true";
  const region = env["AWS_REGION"] || env["AWS_DEFAULT_REGION"];
  const endpoint = env["AWS_ENDPOINT_URL_SSM"] || env["AWS_ENDPOINT_URL"];
  const client = new SSMClient({ ...(region ? { region } : {}), ...(endpoint ? { endpoint } : {}) });
  return {
    region: () => explaining("the region", () => client.config.region()),
    credentials: () => explaining("credentials", () => client.config.credentials()),
    read: (name) =>
      asked(name, async () => {
        const { Parameter } = await client.send(new GetParameterCommand({ Name: name }));
        return Parameter?.Value;
      }),
    async existing(names) {
      const found = new Set<string>();
      for (let from = 0; from < names.length; from += atOnce) {
        const Names = names.slice(from, from + atOnce);
        const answer = await asked(Names.join(", "), () => client.send(new GetParametersCommand({ Names })));
        for (const { Name } of answer?.Parameters ?? []) if (Name !== undefined) found.add(Name);
      }
      return found;
    },
    async writeSecret(name, value, tags) {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      const secret = { Name: name, Value: value, Type: "SecureString" } as const;
      const exists = (await this.existing([name])).has(name);
      // Tags cannot be given together with Overwrite.
      const input = exists ? { ...secret, Overwrite: true } : { ...secret, Tags };
      await asked(name, () => client.send(new PutParameterCommand(input)));
    },
  };
}

async function asked<T>(what: string, ask: () => Promise<T>): Promise<T | undefined> {
  return explaining(what, () =>
    ask().catch((error: unknown) => {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }),
  );
}

async function explaining<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw explained(what, error);
  }
}

/** By the names that the SDK and the service give their errors. */
function explained(what: string, error: unknown): OnejobError {
  const name = error instanceof Error ? error.name : "";
  const answered = typeof error === "object" && error !== null && "$metadata" in error && "$fault" in error;
  const detail = `${what}: ${errorText(error)}`;
  if (/^Region is missing/.test(errorText(error)))
    return new OnejobError("usage", "say in which region the fleet is: AWS_REGION, or a region in your AWS profile");
  if (/Credentials|Token|^UnrecognizedClient|^InvalidSignature|^IncompleteSignature/.test(name))
    return new OnejobError("aws-credentials", errorText(error), { cause: error });
  if (answered) return new OnejobError("aws-refused", detail, { cause: error });
  return new OnejobError("aws-unreachable", detail, { cause: error });
}
