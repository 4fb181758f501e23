import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { embeddedClient } from "../../runtime/entry/local/store/embedded-client";
import { temporaryFolder } from "../fixtures/temporary-folder";

const variables = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];

describe("the client of the embedded store", () => {
  const before = { ...process.env };
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let pipe: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    pipe = join(folder.path, "pipe");
    execFileSync("mkfifo", [pipe]);
  });
  afterEach(async () => {
    for (const name of variables) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    release(pipe);
    await folder.remove();
  });

  it("opens no file of the user's own AWS settings: a user without a home has none, and the SDK fails", async () => {
    // Whoever opens it to read waits for ever.
    for (const name of variables) process.env[name] = pipe;
    const client = embeddedClient(async () => ({ statusCode: 200, body: {} }));
    const answer = await client.send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } }));
    expect(answer.$metadata.httpStatusCode).toBe(200);
  });
});

/** Lets go whoever waits for it. */
function release(pipe: string): void {
  try {
    closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    // Nobody waits, as it should be.
  }
}
