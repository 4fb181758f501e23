/** An SDK client whose requests are answered in this process. Nothing is sent, so nothing needs a credential. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Row } from "dynalite/db";
import type { Answer } from "./embedded-operations";

export type Perform = (operation: string, request: Row) => Promise<Answer>;

interface SdkRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export function embeddedClient(perform: Perform): DynamoDBClient {
  const client = withoutVersionWarning(
    () =>
      new DynamoDBClient({
        region: "local",
        endpoint: "http://localhost",
        credentials: { accessKeyId: "none", secretAccessKey: "none" },
        // What the user's own AWS configuration says is about something else.
        useDualstackEndpoint: false,
        useFipsEndpoint: false,
        defaultsMode: "standard",
        accountIdEndpointMode: "disabled",
        authSchemePreference: [],
        userAgentAppId: "",
        disableClockSkewCorrection: true,
        // A failure in this process does not pass by waiting a moment.
        maxAttempts: 1,
        retryMode: "standard",
        requestHandler: inProcess(perform),
      }),
  );
  // Nobody reads its log, and it walks every request and answer to strike out what is secret.
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}

function inProcess(perform: Perform) {
  return {
    metadata: { handlerProtocol: "in-process" },
    handle: async ({ headers, body }: SdkRequest) => {
      const operation = (headers["x-amz-target"] ?? "").split(".").at(-1) ?? "";
      const text = typeof body === "string" ? body : new TextDecoder().decode(body);
      const answer = await perform(operation, JSON.parse(text) as Row);
      const content = { "content-type": "application/x-amz-json-1.0" };
      const bytes = Buffer.from(JSON.stringify(answer.body));
      return { response: { statusCode: answer.statusCode, headers: content, body: bytes } };
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

const switchOff = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED";

/** The SDK's advice on Node versions is for us, not for our users; they would read it at every start. */
function withoutVersionWarning<T>(make: () => T): T {
  const before = process.env[switchOff];
  process.env[switchOff] = "true";
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[switchOff];
    else process.env[switchOff] = before;
  }
}
