/**
 * What the door of a fleet answers that is not a success. Most comes from our function and is as a server's; the rest is
 * Lambda's or API Gateway's own, in many forms, about who asks or about a function that does not run.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
 */
import { catalogue } from "../../core/errors";
import { ApiError, apiError, field, parse } from "../api-error";
import { refusal } from "./refusal";

export function fleetError(status: number, text: string, fleet: string): ApiError {
  const ours = apiError(status, text);
  if (ours.code === "unauthorised") return withFix(ours, whoAreYou);
  if (ours.code === "not-stored") return withFix(ours, `see the log group /onejob/${fleet}/api`);
  if (ours.code !== `http-${status}`) return ours;
  const words = wordsIn(text);
  const known = status === 403 ? refusal({ words }) : undefined;
  if (known !== undefined)
    return new ApiError(status, { code: known.code, what: known.message, fix: known.entry.fix, retry: false });
  const { code, what, fix, retry = false } = byStatus(status, { fleet, words });
  return new ApiError(status, { code, what: words === "" ? what : `${what} (AWS says: ${words})`, fix, retry });
}

interface Cause {
  readonly code: string;
  readonly what: string;
  readonly fix: string;
  readonly retry?: boolean;
}

const whoAreYou =
  "take credentials of the fleet's own account: check AWS_PROFILE; `aws sts get-caller-identity` says who you are";

function byStatus(status: number, { fleet, words }: { readonly fleet: string; readonly words: string }): Cause {
  const fn = `the function \`api\` of fleet ${fleet}`;
  switch (status) {
    case 401:
    case 403:
      return {
        code: "aws-refused",
        what: `you may not ask ${fn}`,
        fix: /execute-api/.test(words)
          ? "ask for execute-api:Invoke on the fleet's API"
          : "ask whoever keeps the AWS account for lambda:InvokeFunctionUrl, and lambda:InvokeFunction where " +
            "lambda:InvokedViaFunctionUrl is true, both on that function; `aws sts get-caller-identity` says who you are",
      };
    case 404:
      return { code: "fleet-incomplete", what: `${fn} is not there`, fix: catalogue["fleet-incomplete"].fix };
    case 413:
      return { code: "body-too-large", what: `${fn} takes no more than 6 MB`, fix: catalogue["body-too-large"].fix };
    case 429:
      return {
        ...{ code: "fleet-unreachable", retry: true, what: `${fn} is called more often than it may be` },
        fix: "try again in a moment; if it stays so, look at the account's limit of concurrent executions",
      };
    default:
      return {
        ...{ code: status >= 500 ? "fleet-unreachable" : `http-${status}`, retry: status >= 500 },
        what: `${fn} did not answer (HTTP status ${status})`,
        fix: `try again; its log group /onejob/${fleet}/api tells why`,
      };
  }
}

/** Also from gateways that answer with a page. */
function wordsIn(text: string): string {
  const body = parse(text);
  const said = field(body, "Message") ?? field(body, "message");
  return typeof said === "string" && !/^(Forbidden|null)$/.test(said) ? said.slice(0, 300) : "";
}

function withFix(error: ApiError, fix: string): ApiError {
  const { status, code, message: what, retry, details } = error;
  return new ApiError(status, { code, what, fix, retry, details });
}
