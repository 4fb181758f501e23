import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OnejobError } from "../../runtime/core/errors";
import type { SecretPlace } from "../../runtime/core/settings";
import { readSecret } from "../../runtime/entry/local/secrets";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "onejob-secrets-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, "secret");

async function refusal(place: SecretPlace, env: Readonly<Record<string, string>> = {}): Promise<OnejobError> {
  const error: unknown = await readSecret(place, env).catch((caught: unknown) => caught);
  if (error instanceof OnejobError) return error;
  throw new Error("nothing was refused");
}

describe("readSecret", () => {
  it.each([
    ["hunter2", "hunter2"],
    ["hunter2\n", "hunter2"],
    ["hunter2\r\n", "hunter2"],
    ["hunter2\n\n", "hunter2\n"],
    ["-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n", "-----BEGIN KEY-----\nAAAA\n-----END KEY-----"],
  ])(
    "takes %j, from a file or the environment, as %j: one line break at the end is no part of it",
    async (text, secret) => {
      writeFileSync(file(), text);
      expect(await readSecret({ file: file() })).toBe(secret);
      expect(await readSecret({ env: "SECRET" }, { SECRET: text })).toBe(secret);
    },
  );

  it("reads anew each time, so that a changed secret holds at once", async () => {
    writeFileSync(file(), "old");
    await readSecret({ file: file() });
    writeFileSync(file(), "new");
    expect(await readSecret({ file: file() })).toBe("new");
  });

  it("looks at this process's environment by default", async () => {
    expect(await readSecret({ env: "PATH" })).toBe(process.env["PATH"]);
  });

  it.each([
    [{}, "it is not set"],
    [{ SECRET: "" }, "it is empty"],
    [{ SECRET: " \n" }, "it is empty"],
  ])("refuses a variable in %j and names it", async (env, why) => {
    const error = await refusal({ env: "SECRET" }, env);
    expect(error.code).toBe("secret-missing");
    expect(error.message).toContain(`the environment variable SECRET: ${why}`);
  });

  it.each([
    ["is not there", () => undefined, "there is no such file"],
    ["is empty", () => writeFileSync(file(), "\n"), "it is empty"],
  ])("refuses a file that %s and names it", async (_, prepare, why) => {
    prepare();
    expect((await refusal({ file: file() })).message).toContain(`the file ${file()}: ${why}`);
  });

  it("refuses a folder in the place of a file", async () => {
    expect((await refusal({ file: folder })).message).toContain("it cannot be read (EISDIR)");
  });

  it("says of SSM where it works, and what to use here", async () => {
    const { message } = await refusal({ ssm: "/onejob/key" });
    expect(message).toContain("the SSM parameter /onejob/key: SSM is for servers on AWS");
    expect(message).toContain("environment variable or a file");
  });
});
