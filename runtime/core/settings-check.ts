/** Checks raw settings against the schema and says in words what is wrong; nothing is changed or filled in. */
import { Ajv } from "ajv";
import type { ErrorObject, ValidateFunction } from "ajv";
import { parseDuration } from "./duration";
import { settingFormats } from "./settings-formats";
import { settingKeys } from "./settings-keys";
import { nearestWord } from "./settings-nearest";
import { kindOf } from "./settings-node";
import type { GroupNode, SettingNode } from "./settings-node";
import { exampleWords, expectedWords, givenWords, insteadWords, quoted } from "./settings-words";

/** One thing to correct. `path` is "" for the whole file. */
export interface Problem {
  /** Where: `profiles[1].limits.maxRunners`. */
  readonly path: string;
  /** What is wrong, with the value given. */
  readonly what: string;
  /** What to write instead. */
  readonly fix: string;
}

/** An error of ajv with the schema and the data it is about (`verbose`). */
interface Finding {
  readonly error: ErrorObject;
  readonly node: SettingNode;
  readonly data: unknown;
  readonly path: string;
  readonly key: string;
}

/** Made at the first use: loading a command that needs no settings must not pay for it. */
export function schemaChecker(schema: GroupNode): (raw: unknown) => Problem[] {
  let validate: ValidateFunction | undefined;
  return (raw) => {
    validate ??= makeAjv().compile(schema);
    if (validate(raw)) return [];
    const problems = (validate.errors ?? []).map((error) => toProblem(findingOf(error), schema));
    // One mistake can break several rules of its key (pattern and length); the first says enough.
    const told = new Set<string>();
    return problems.filter(({ path }) => !told.has(path) && told.add(path));
  };
}

function makeAjv(): Ajv {
  const ajv = new Ajv({ allErrors: true, verbose: true, discriminator: true, strict: true });
  for (const [format, fits] of Object.entries(settingFormats)) ajv.addFormat(format, fits);
  ajv.addVocabulary(["unit", "rule", "preset", "secret", "guarded", "sample"]);
  ajv.addKeyword({
    keyword: "duration",
    type: "string",
    errors: false,
    compile: ({ min, max }: { readonly min: string; readonly max: string }) => {
      const [least, most] = [parseDuration(min), parseDuration(max)];
      if (least === undefined || most === undefined) throw new Error(`bad bounds in the schema: ${min}, ${max}`);
      return (text: string) => {
        const ms = parseDuration(text);
        return ms !== undefined && ms >= least && ms <= most;
      };
    },
  });
  return ajv;
}

function findingOf(error: ErrorObject): Finding {
  const segments = error.instancePath.split("/").slice(1);
  // No group of ours takes keys at will, so a numeric segment is always the place in a list.
  const path = segments.reduce(
    (before, part) => (/^\d+$/.test(part) ? `${before}[${part}]` : joinPath(before, part)),
    "",
  );
  const last = segments.at(-1) ?? "";
  return {
    error,
    node: error.parentSchema as SettingNode,
    data: error.data,
    path,
    key: /^\d+$/.test(last) ? "" : last,
  };
}

function joinPath(path: string, key: string): string {
  const part = /^[\w-]+$/.test(key) ? key : `[${quoted(key)}]`;
  return path === "" || part.startsWith("[") ? `${path}${part}` : `${path}.${part}`;
}

function toProblem(finding: Finding, root: GroupNode): Problem {
  const { error, node, data, path, key } = finding;
  // A secret written where its place belongs must not come back in a message, not even as the name of a key.
  if (node.secret) {
    const where = "properties" in node ? path : path.slice(0, path.lastIndexOf("."));
    return {
      path: where,
      what: `must be ${expectedWords(node)}`,
      fix: `name where it is kept, e.g. ${exampleWords("", node)}`,
    };
  }
  if (error.keyword === "additionalProperties") return unknownKey(finding, root);
  if (error.keyword === "required") return missingKey(finding);
  if (error.keyword === "discriminator") return wrongKind(finding);
  if (path === "") return wrongWhole(data);
  if (data === null) {
    return { path, what: "has no value", fix: `write e.g. ${exampleWords(key, node)}, or remove it` };
  }
  const given = node.guarded ? "" : `, not ${givenWords(data)}`;
  const what = `must be ${expectedWords(node)}${given}`;
  return { path, what, fix: insteadWords(key, node, data) };
}

function wrongWhole(data: unknown): Problem {
  const what = data === null || data === undefined ? "is empty" : `must be keys and values, not ${givenWords(data)}`;
  return { path: "", what, fix: "begin with version: 1; `onejob init` writes a file to start from" };
}

function unknownKey({ error, node, path }: Finding, root: GroupNode): Problem {
  const key = String(error.params["additionalProperty"]);
  const known = "properties" in node ? Object.keys(node.properties) : [];
  const meant = nearestWord(key, known);
  if (node.guarded) {
    const guess = meant === undefined ? "" : `did you mean "${meant}"? `;
    return { path, what: "holds a key that is not known here", fix: `${guess}known here: ${known.join(", ")}` };
  }
  const elsewhere = meant === undefined ? placesOf(key, path, root) : [];
  let fix = `remove it; known here: ${known.join(", ")}`;
  if (meant !== undefined) fix = `did you mean "${meant}"?`;
  if (elsewhere.length > 0) fix = `it belongs at ${elsewhere.join(" or ")}`;
  return { path: joinPath(path, key), what: `there is no key ${quoted(key)} here`, fix };
}

/** Where there is such a key: deeper below, else anywhere. */
function placesOf(key: string, path: string, root: GroupNode): string[] {
  const everywhere = settingKeys(root).filter((setting) => setting.key === key);
  const below = everywhere.filter((place) => place.path.startsWith(`${path.replace(/\[\d+\]/g, "[]")}.`));
  const places = below.length > 0 ? below : everywhere;
  return places.map((place) => (place.kind === null ? place.path : `${place.path} of kind ${place.kind}`));
}

function missingKey({ error, node, path }: Finding): Problem {
  const key = String(error.params["missingProperty"]);
  const child = "properties" in node ? node.properties[key] : undefined;
  const example = child === undefined ? key : exampleWords(key, child);
  return { path: joinPath(path, key), what: "is missing", fix: `add ${example}` };
}

function wrongKind({ error, node, path: group }: Finding): Problem {
  const given: unknown = error.params["tagValue"];
  const kinds = "oneOf" in node ? node.oneOf.map(kindOf) : [];
  const path = joinPath(group, "kind");
  if (given === undefined) return { path, what: "is missing", fix: `add kind: ${kinds.join(" or ")}` };
  const meant = typeof given === "string" ? nearestWord(given, kinds) : undefined;
  const fix = meant === undefined ? `write one of: ${kinds.join(", ")}` : `did you mean "${meant}"?`;
  return { path, what: `there is no kind ${givenWords(given)} here`, fix };
}
