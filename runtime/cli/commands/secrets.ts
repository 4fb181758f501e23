import { createPrivateKey, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { Context } from "../context";
import { exit } from "../exit";
import { openFleet, type Fleet } from "../fleet/fleet";
import { table } from "../render";
import type { Act } from "./command";
import { examples, usage } from "./command";

interface SetOptions {
  readonly fromFile?: string;
  readonly generate?: boolean;
}

/** GitHub asks for "a random string of text with high entropy". */
const generatedBytes = 32;
const longestSecret = 4_096;

export function secrets(program: Command, act: Act): void {
  const group = program
    .command("secrets")
    .summary("fill in the secrets of a fleet on AWS, and check them")
    .description(
      "The secrets of a fleet stand in SSM, encrypted, and nowhere else: no deployment, file or log holds them.\n" +
        "Uses your own AWS credentials. Name the fleet with --fleet, or ONEJOB_FLEET.",
    );
  group
    .command("check")
    .summary("list them, and whether each is there")
    .addHelpText("after", examples("onejob secrets check --fleet ci-prod"))
    .action(act(check));
  group
    .command("set <secret>")
    .summary("store one: SOURCE/private-key, SOURCE/token or SOURCE/webhook-secret")
    .description("Reads it from standard input, or from a file; never from the command line, where others can see it.")
    .option("--from-file <file>", "read it from this file")
    .option("--generate", "make a new webhook secret, store it, and print it for the forge")
    .addHelpText(
      "after",
      examples(
        "onejob secrets set gh/private-key --from-file app.pem --fleet ci-prod",
        "onejob secrets set gh/webhook-secret --generate --fleet ci-prod",
      ),
    )
    .action(act(set));
}

async function check(context: Context): Promise<number> {
  const fleet = await openFleet(context);
  const there = await fleet.parameters.existing(fleet.secrets);
  const rows = fleet.secrets.map((parameter) => ({
    secret: shortName(parameter),
    parameter,
    set: there.has(parameter),
  }));
  context.emit({ fleet: fleet.name, secrets: rows }, () =>
    table(
      [
        { title: "secret", cell: ({ secret }) => secret },
        { title: "state", cell: ({ set: isSet }) => (isSet ? "set" : "missing") },
        { title: "parameter", cell: ({ parameter }) => parameter },
      ],
      rows,
      context.colors,
    ),
  );
  const missing = rows.filter((row) => !row.set);
  for (const { secret } of missing) context.say(`onejob: to do: onejob secrets set ${secret} --fleet ${fleet.name}`);
  return missing.length === 0 ? exit.ok : exit.negative;
}

/** `/onejob/<fleet>/secrets/gh/private-key` → `gh/private-key` */
function shortName(parameter: string): string {
  return parameter.split("/").slice(4).join("/");
}

async function set(context: Context, name: string, options: SetOptions): Promise<number> {
  if (options.generate && options.fromFile !== undefined) throw usage("give --generate or --from-file, not both");
  if (options.generate && !name.endsWith("/webhook-secret"))
    throw usage("only a webhook secret can be made here; keys and tokens come from the forge");
  const fleet = await openFleet(context);
  const parameter = parameterOf(name, fleet);
  const value = options.generate ? randomBytes(generatedBytes).toString("hex") : await given(context, options);
  checkSecret(name, value);
  await fleet.parameters.writeSecret(parameter, value, { "onejob:fleet": fleet.name });
  if (options.generate) context.print(`${value}\n`);
  context.say(`onejob: ${name} is stored in ${parameter}; the fleet uses it from its next call on`);
  return exit.ok;
}

function parameterOf(name: string, fleet: Fleet): string {
  const found = fleet.secrets.find((parameter) => shortName(parameter) === name);
  if (found !== undefined) return found;
  const known = fleet.secrets.map(shortName).join(", ") || "it has none";
  throw new OnejobError("not-found", `${fleet.name} has no secret "${name}"; there are: ${known}`);
}

/** Without the line break that editors and `echo` put behind it. */
async function given({ io }: Context, { fromFile }: SetOptions): Promise<string> {
  if (fromFile !== undefined) return trimmed(readWhole(resolve(io.cwd, fromFile)));
  if (io.isTTY.stdin) throw usage("write the secret to standard input, or name a file with --from-file");
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return trimmed(Buffer.concat(chunks).toString("utf8"));
}

function readWhole(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new OnejobError("secret-missing", `${path} (${errorText(error)})`, { cause: error });
  }
}

const trimmed = (text: string): string => text.replace(/\r?\n$/, "");

/** Refuses what would only be noticed when the first job waits. The value itself is in no message. */
function checkSecret(name: string, value: string): void {
  if (value === "") throw usage("the secret is empty");
  if (Buffer.byteLength(value) > longestSecret) throw usage(`a secret has at most ${longestSecret} bytes`);
  if (name.endsWith("/private-key") && !isPrivateKey(value))
    throw usage("this is no private key: take the .pem file that GitHub gave when the key was made");
  if (!name.endsWith("/private-key") && /\s/.test(value))
    throw usage("there is white space in it; give the secret alone");
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}
