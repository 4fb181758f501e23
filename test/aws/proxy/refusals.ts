/** Refusals as AWS words them on the wire, in the form of each protocol. Codes: EC2's "Error codes", and its sentences. */

export interface Answer {
  readonly status: number;
  /** Names and values in turn, as Node has them. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export function xmlAnswer(status: number, text: string): Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`);
  const headers = ["content-type", "text/xml;charset=UTF-8", "content-length", String(body.byteLength)];
  return { status, headers, body };
}

export function jsonAnswer(status: number, value: object): Answer {
  const body = Buffer.from(JSON.stringify(value));
  const headers = ["content-type", "application/x-amz-json-1.0", "content-length", String(body.byteLength)];
  return { status, headers, body };
}

const requestId = "1f0d8a2e-0000-4000-8000-000000000000";

export function ec2Refusal(code: string, text: string, status = 400): Answer {
  const error = `<Error><Code>${code}</Code><Message>${escaped(text)}</Message></Error>`;
  return xmlAnswer(status, `<Response><Errors>${error}</Errors><RequestID>${requestId}</RequestID></Response>`);
}

/** "Too many calls", as the service says it. */
export function throttleOf(service: string): Answer {
  switch (service) {
    case "ec2":
      return ec2Refusal("RequestLimitExceeded", "Request limit exceeded.", 503);
    case "s3":
      return xmlAnswer(503, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>");
    case "sts":
      return xmlAnswer(
        400,
        "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
      );
    case "dynamodb":
      return jsonAnswer(400, {
        __type: "com.amazonaws.dynamodb.v20120810#ThrottlingException",
        message: "Rate of requests exceeds the allowed throughput.",
      });
    default:
      return jsonAnswer(400, { __type: "ThrottlingException", message: "Rate exceeded" });
  }
}

const sentences = {
  InsufficientInstanceCapacity:
    "We currently do not have sufficient capacity in the Availability Zone you requested. Our system will be working on provisioning additional capacity.",
  VcpuLimitExceeded:
    "You have requested more vCPU capacity than your current vCPU limit allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
  MaxSpotInstanceCountExceeded: "Max spot instance count exceeded",
  IdempotentParameterMismatch:
    "The client token you have provided is associated with a resource that is already deleted or was used with different parameters.",
  IdempotentInstanceTerminated:
    "The client token you have provided is associated with an instance that has terminated.",
} as const;

export type KnownCode = keyof typeof sentences;

export function sentenceOf(code: KnownCode): string {
  return sentences[code];
}

export function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
