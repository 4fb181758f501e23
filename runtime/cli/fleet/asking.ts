/** How AWS is asked, with the credentials of whoever runs this program, and what its refusals mean to them. */
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";

export type Env = Readonly<Record<string, string | undefined>>;

/** Without these a call waits for ever for a network that lost it. */
const requestHandler = { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true };

/** Region and endpoint by the usual variables; what is missing the SDK takes from its own files. */
export function clientOptions(env: Env, service: "EC2" | "SQS" | "SSM") {
  const region = env["AWS_REGION"] || env["AWS_DEFAULT_REGION"];
  const endpoint = env[`AWS_ENDPOINT_URL_${service}`] || env["AWS_ENDPOINT_URL"];
  return { ...(region ? { region } : {}), ...(endpoint ? { endpoint } : {}), requestHandler };
}

/** Throws `usage` without a region, `aws-credentials`, `aws-refused`, or `aws-unreachable` for what may pass. `what` is named in both. */
export async function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw explained(what, error);
  }
}

const tooMany = /Throttl|RequestLimitExceeded|TooManyRequests|SlowDown/;

/** By the names that the SDK and the service give their errors. */
function explained(what: string, error: unknown): OnejobError {
  const name = error instanceof Error || isNamed(error) ? error.name : "";
  const answered = typeof error === "object" && error !== null && "$metadata" in error && "$fault" in error;
  if (/^Region is missing/.test(errorText(error)))
    return new OnejobError("usage", "say in which region the fleet is: AWS_REGION, or a region in your AWS profile");
  if (/Credentials|Token|^UnrecognizedClient|^InvalidSignature|^IncompleteSignature/.test(name))
    return new OnejobError("aws-credentials", errorText(error), { cause: error });
  const ownFault = answered && error.$fault === "server";
  const detail = `${what}: ${errorText(error)}`;
  const refused = answered && !ownFault && !tooMany.test(name);
  return new OnejobError(refused ? "aws-refused" : "aws-unreachable", detail, { cause: error });
}

function isNamed(error: unknown): error is { readonly name: string } {
  return typeof error === "object" && error !== null && "name" in error && typeof error.name === "string";
}
