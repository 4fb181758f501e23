/** Config files, from valid ones to what no editor would save. */
import { stringify } from "yaml";
import { settingKeys } from "../../runtime/core/settings-keys";
import { starterConfig } from "../../runtime/entry/local/starter-config";
import type { Dice } from "./dice";
import { mutateBytes, mutateJson, mutateWords } from "./mutate";
import { anyText, oddJson, oddText } from "./odd";

const full = {
  version: 1,
  server: { listen: "127.0.0.1:7433", maxRunners: 8, maxWebhookBytes: 1_048_576 },
  defaultProfile: "small",
  sources: [
    {
      ...{ name: "gh", kind: "github", url: "http://127.0.0.1:4010", scopes: ["acme/widgets"], runnerGroup: "Default" },
      auth: { appId: 12_345, privateKey: { file: "./app.pem" } },
      webhookSecrets: [{ env: "GH_WEBHOOK_SECRET" }],
      ...{ intake: "both", poll: { interval: "15s" }, trust: "same-user", runner: { path: "/opt/actions-runner" } },
    },
    { name: "api", kind: "api" },
  ],
  profiles: [
    {
      ...{ name: "small", labels: ["self-hosted", "linux", "x64"], compute: { kind: "process" } },
      limits: { maxRunners: 8, memoryMiB: 2_048, cpus: 1 },
      ...{ timeouts: { boot: "30s", idle: "60s", job: "6h", queued: "24h" }, priority: 0 },
    },
    { name: "boxed", labels: ["docker"], compute: { kind: "docker", image: "debian:12", socket: "/run/x.sock" } },
  ],
  ...{ sweep: { interval: "5s" }, lease: { duration: "30s" }, retention: { finished: "7d", logsMiB: 1_024 } },
};

const byToken = {
  ...full,
  sources: [{ ...full.sources[0], auth: { token: { env: "GH_TOKEN" } }, runner: { version: "latest" } }],
};
const small = { version: 1, profiles: [{ name: "a" }] };
const values: readonly object[] = [full, byToken, small];
const starter = starterConfig({ os: "linux", arch: "x64" });
const texts = [starter, stringify(full), stringify(byToken), stringify(small)];

/** Keys of ours, and the marks that mean something in YAML. */
const vocabulary = [
  ...settingKeys().map(({ key }) => key),
  ...["&a", "*a", "<<", "!!str", "!!binary", "!!set", "!!timestamp", "!x", "---", "...", "%YAML 1.1", "|", ">", "? "],
  ...["- ", "{", "}", "[", "]", '"', "'", "#", "\t", "\r", "~", ".inf", ".nan", "0o7", "0x1f", "1e3", "yes", "1s", "*"],
];

export function hostileConfig(dice: Dice): string {
  const kind = dice.below(100);
  if (kind < 2) return dice.pick(texts);
  if (kind < 30) return mutateWords(dice.pick(texts), dice, vocabulary);
  // JSON is YAML, and JSON of another shape is a file of another shape.
  if (kind < 60) return mutateJson(dice.pick(values), dice);
  if (kind < 75) return mutateBytes(Buffer.from(dice.pick(texts)), dice).toString("utf8");
  if (kind < 85) return lines(dice);
  if (kind < 90)
    return Array.from({ length: dice.below(40) }, () => dice.pick(vocabulary)).join(dice.pick(["", " ", "\n"]));
  return dice.pick([oddJson, oddText, (one: Dice) => anyText(one, 60), knots])(dice);
}

/** Lines left out, moved, doubled, or indented otherwise. */
function lines(dice: Dice): string {
  const all = dice.pick(texts).split("\n");
  for (let left = 1 + dice.few(6); left > 0; left -= 1) {
    const at = dice.below(all.length);
    const line = all[at] ?? "";
    const made = dice.pick([
      [],
      [line, line],
      [`  ${line}`],
      [line.trimStart()],
      [`\t${line}`],
      [`${line} # x`],
      [`# ${line}`],
    ]);
    all.splice(at, 1, ...made);
  }
  return all.join(dice.pick(["\n", "\n", "\r\n"]));
}

/** Anchors that grow, lead nowhere, or hold themselves. */
function knots(dice: Dice): string {
  const depth = dice.pick([1, 3, 9, 30]);
  const grown = Array.from({ length: depth }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}, *a${at}]`);
  return dice.pick([
    `version: 1\na0: &a0 [x]\n${grown.join("\n")}\n`,
    `&a [*a]\n`,
    `version: &v 1\nserver: &s { listen: *v, <<: *s }\n`,
    `<<: *gone\nversion: 1\n`,
    `version: 1\nprofiles:\n${"- &p { name: a, <<: *p }\n".repeat(depth)}`,
    `? [a, { b: c }]\n: version\n? |\n  text\n: 1\n`,
    `${"? ".repeat(depth * 30)}a`,
    `${"- ".repeat(depth * 300)}a`,
    `${"a:\n ".repeat(depth)}${" b: &x *x"}`,
  ]);
}
