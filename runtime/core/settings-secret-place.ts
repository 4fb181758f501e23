/** Where a secret of a checked file is kept. */
import type { SecretPlace } from "./settings";
import type { FileOf } from "./settings-node";
import type { secretSchema } from "./settings-schema-parts";

/** Of a checked place exactly one of the three is there. */
export function placeOf({ env, file, ssm }: FileOf<typeof secretSchema>): SecretPlace {
  if (env !== undefined) return { env };
  if (file !== undefined) return { file };
  if (ssm !== undefined) return { ssm };
  throw new Error("a secret without a place");
}
