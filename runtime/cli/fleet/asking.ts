/** How AWS is asked, with the credentials of whoever runs this program, and what its refusals mean to them. */
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import { refusal } from "./refusal";

export type Env = Readonly<Record<string, string | undefined>>;

/** Without these a call waits for ever for a network that lost it. */
const requestHandler = { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true };

/** Region and endpoint by the usual variables; what is missing the SDK takes from its own files. */
export function clientOptions(env: Env, service: "EC2" | "SQS" | "SSM") {
  const region = env["AWS_REGION"] || env["AWS_DEFAULT_REGION"];
  const endpoint = env[`AWS_ENDPOINT_URL_${service}`] || env["AWS_ENDPOINT_URL"];
  return { ...(region ? { region } : {}), ...(endpoint ? { endpoint } : {}), requestHandler };
}

/**
 * Throws `aws-region`, `aws-credentials`, `aws-profile`, `aws-clock`, `fleet-incomplete`, `aws-refused`, or
 * `aws-unreachable` for what may pass. `what` is named in the last three.
 */
export type Asked = <T>(what: string, ask: () => Promise<T>) => Promise<T>;

export function asking(env: Env): Asked {
  return async (what, ask) => {
    try {
      return await ask();
    } catch (error) {
      throw explained(what, error, env);
    }
  };
}

/** `eu-west-1`, `us-gov-east-1`, `eusc-de-east-1`. A new one need not be known here. */
const regionForm = /^[a-z]+(?:-[a-z]+)+-\d+$/;

/** Throws `aws-region`: from another name nobody would answer, and that looks like a network that is down. */
export function checkedRegion(region: string): string {
  if (regionForm.test(region)) return region;
  throw noRegion(region);
}

const noRegion = (name: string): OnejobError =>
  new OnejobError("aws-region", `${JSON.stringify(name)} is none; a region looks like eu-west-1`);

const tooMany = /Throttl|RequestLimitExceeded|TooManyRequests|SlowDown/;

/** By the names that the SDK and the service give their errors. */
function explained(what: string, error: unknown, env: Env): OnejobError {
  if (error instanceof OnejobError) return error;
  const name = error instanceof Error || isNamed(error) ? error.name : "";
  const words = errorText(error);
  const ofRegion = regionTrouble(words, env);
  if (ofRegion !== undefined) return ofRegion;
  const detail = `${what}: ${words}`;
  const answered = typeof error === "object" && error !== null && "$metadata" in error && "$fault" in error;
  if (!answered && /Credentials|Token/.test(name)) return withoutCredentials(words, error, env);
  if (!answered || error.$fault === "server" || tooMany.test(name))
    return new OnejobError("aws-unreachable", detail, { cause: error });
  if (/QueueDoesNotExist|NonExistentQueue/.test(name))
    return new OnejobError("fleet-incomplete", what, { cause: error });
  return refusal({ name, words }, error) ?? new OnejobError("aws-refused", detail, { cause: error });
}

function regionTrouble(words: string, env: Env): OnejobError | undefined {
  if (/^Region is missing/.test(words))
    return new OnejobError("aws-region", `neither AWS_REGION nor profile ${env["AWS_PROFILE"] || "default"} names one`);
  const [, refused] = /^Region not accepted: region="(.*?)"/.exec(words) ?? [];
  return refused === undefined ? undefined : noRegion(refused);
}

/** The SDK tries one way after the other, and of most tells nothing. */
function withoutCredentials(words: string, cause: unknown, env: Env): OnejobError {
  const why = /from any providers/.test(words) ? "" : ` (${words})`;
  const profile = env["AWS_PROFILE"];
  if (profile) return new OnejobError("aws-profile", `${profile}, which AWS_PROFILE names${why}`, { cause });
  return new OnejobError("aws-credentials", `none in the environment, and none by profile default${why}`, { cause });
}

function isNamed(error: unknown): error is { readonly name: string } {
  return typeof error === "object" && error !== null && "name" in error && typeof error.name === "string";
}
