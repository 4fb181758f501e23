/** AWS as the recording engine has it, and what its provider says of itself. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FakeProvider, RegisteredResource } from "../fakes/pulumi-engine";
import { answerCall, madeByAws } from "../fixtures/pulumi-answers";

export const fakeAws: FakeProvider = { stateOf: (resource) => ({ ...madeByAws(resource) }), call: answerCall };

const provider = dirname(require.resolve("@pulumi/aws/package.json"));

/** Whether its provider lets it carry tags: its own types say so. */
export function isTaggable({ type }: RegisteredResource): boolean {
  const [pkg, module = ""] = type.split(":");
  const file = join(provider, `${module}.d.ts`);
  return pkg === "aws" && existsSync(file) && /^\s+tags\?: pulumi\.Input</m.test(readFileSync(file, "utf8"));
}
