/** The parameters of a fleet in SSM. */
import type { AwsCredentials } from "../../machine/aws-signature";
import type { Env } from "./asking";
import { asking, checkedRegion, clientOptions } from "./asking";
import { GetParameterCommand, GetParametersCommand, ParameterNotFound, PutParameterCommand, SSMClient } from "./aws";

export interface Parameters {
  /** `undefined`: there is none of that name. */
  read(name: string): Promise<string | undefined>;
  /** Which of them exist; their values are not decrypted. */
  existing(names: readonly string[]): Promise<ReadonlySet<string>>;
  /** Throws `aws-region` when nobody says which, and for what is none. */
  region(): Promise<string>;
  /** Renewed before they expire. */
  credentials(): Promise<AwsCredentials>;
  /** Encrypted with the account's key for SSM; replaces what stands there. */
  writeSecret(name: string, value: string, tags: Readonly<Record<string, string>>): Promise<void>;
}

/** As many as one call takes. */
const atOnce = 10;

/** Throws as `Asked`. */
export function openParameters(env: Env): Parameters {
  const client = new SSMClient(clientOptions(env, "SSM"));
  const asked = asking(env);
  return {
    region: () => asked("the region", async () => checkedRegion(await client.config.region())),
    credentials: () => asked("credentials", () => client.config.credentials()),
    read: (name) =>
      asked(name, async () => {
        const { Parameter } = await client.send(new GetParameterCommand({ Name: name })).catch(noneIfUnknown);
        return Parameter?.Value;
      }),
    async existing(names) {
      const found = new Set<string>();
      for (let from = 0; from < names.length; from += atOnce) {
        const Names = names.slice(from, from + atOnce);
        const answer = await asked(Names.join(", "), () => client.send(new GetParametersCommand({ Names })));
        for (const { Name } of answer.Parameters ?? []) if (Name !== undefined) found.add(Name);
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

function noneIfUnknown(error: unknown): { readonly Parameter?: { readonly Value?: string } } {
  if (error instanceof ParameterNotFound) return {};
  throw error;
}
