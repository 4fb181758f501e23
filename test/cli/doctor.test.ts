/** What `onejob doctor` says of sources of kind `github` and profiles on compute `docker`. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { trustFinding } from "../../runtime/cli/doctor/source-checks";
import { readSettings } from "../../runtime/core/read-settings";
import type { GithubSourceSettings, ProfileSettings } from "../../runtime/core/settings";
import { FakeGitHub, seededRandom } from "../fakes/github";
import { Terminal } from "./terminal";

interface Check {
  readonly id: string;
  readonly ok: boolean;
  readonly what: string;
  readonly fix: string;
}

/** The fake reads the whole published description first. */
const slowStartMs = 30_000;

let terminal: Terminal;
beforeEach(() => void (terminal = new Terminal()));
afterEach(() => terminal.remove());

const place = (name: string): string => join(terminal.cwd, name);

/** A port nobody listens on answers at once that it does not. */
const nobody = "http://127.0.0.1:9";

async function diagnose(rest: string): Promise<{ readonly code: number; readonly checks: readonly Check[] }> {
  writeFileSync(place("onejob.yaml"), `version: 1\nserver: { listen: "127.0.0.1:0" }\n${rest}`);
  const { code, out } = await terminal.run("doctor", "--output", "json");
  return { code, checks: (JSON.parse(out) as { checks: Check[] }).checks };
}

const source = (name: string, auth: string): string =>
  `  - { name: ${name}, kind: github, url: "${nobody}", scopes: [${name}], auth: ${auth} }\n`;

describe("doctor", () => {
  it("finds a source that does not answer, and names each check after its source", async () => {
    terminal.env = { ...terminal.env, A_TOKEN: "x" };
    const sources = `sources:\n${source("a", "{ token: { env: A_TOKEN } }")}${source("b", "{ token: { env: B_TOKEN } }")}`;
    const { code, checks } = await diagnose(sources);
    expect(code).toBe(1);
    const of = (name: string): readonly Check[] => checks.filter(({ id }) => id.endsWith(`-${name}`));
    for (const name of ["a", "b"]) {
      const remote = of(name).filter(({ id }) => id !== `secrets-${name}` && id !== `trust-${name}`);
      expect(remote.some(({ ok }) => !ok)).toBe(true);
      expect(of(name).map(({ id }) => id)).toEqual(expect.arrayContaining([`secrets-${name}`, `trust-${name}`]));
    }
    expect(checks.every(({ ok, fix, what }) => what !== "" && (ok || fix !== ""))).toBe(true);
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  });

  const secretsCheck = async (auth: string): Promise<Check | undefined> => {
    const { checks } = await diagnose(`sources:\n${source("gh", auth)}`);
    return checks.find(({ id }) => id === "secrets-gh");
  };

  it("only warns of a secret that others can read, and never shows it", async () => {
    writeFileSync(place("token"), "hunter2");
    chmodSync(place("token"), 0o644);
    const open = await secretsCheck("{ token: { file: ./token } }");
    expect(open).toEqual({
      id: "secrets-gh",
      ok: true,
      what: `others can read ${place("token")}`,
      fix: `chmod 600 ${place("token")}`,
    });
    chmodSync(place("token"), 0o600);
    expect(await secretsCheck("{ token: { file: ./token } }")).toMatchObject({ ok: true, fix: "" });
  });

  it(
    "finds nothing wrong with a source that may do all it must",
    async () => {
      const github = await new FakeGitHub({ random: seededRandom(1) }).start();
      github.addRepository("acme/widgets");
      terminal.env = { ...terminal.env, GH_TOKEN: github.addToken({ kind: "classic", scopes: ["repo"] }) };
      const { checks } = await diagnose(
        `sources:\n  - { name: gh, kind: github, url: "${github.url}", scopes: [acme/widgets], auth: { token: { env: GH_TOKEN } }, trust: same-user }\n`,
      );
      await github.stop();
      const ours = checks.filter(({ id }) => id.endsWith("-gh"));
      expect(ours.filter(({ ok }) => !ok)).toEqual([]);
      expect(ours.map(({ id }) => id)).toEqual(
        expect.arrayContaining(["github-reachable-gh", "github-credentials-gh"]),
      );
    },
    slowStartMs,
  );

  it("finds a container engine that does not answer, and names the check after its profile", async () => {
    const { code, checks } = await diagnose(
      "profiles:\n  - { name: box, compute: { kind: docker, image: x, socket: ./no.sock } }\n  - { name: own, labels: [x] }\n",
    );
    expect(code).toBe(1);
    expect(checks.filter(({ id }) => id.startsWith("docker-"))).toMatchObject([
      { id: "docker-box", ok: false, what: expect.stringContaining(place("no.sock")) as string },
    ]);
  });

  it("asks nobody when the config file is not valid", async () => {
    const { checks } = await diagnose(`nope: 1\nsources:\n${source("gh", "{ token: { env: T } }")}`);
    expect(checks.filter(({ id }) => id.endsWith("-gh"))).toEqual([]);
    expect(checks.find(({ id }) => id === "config")?.ok).toBe(false);
  });
});

describe("whether a forge's jobs have a place to run", () => {
  const settings = (
    trust: object,
    profiles: readonly object[],
  ): { source: GithubSourceSettings; profiles: readonly ProfileSettings[] } => {
    const gh = { name: "gh", kind: "github", scopes: ["acme"], auth: { token: { env: "T" } }, ...trust };
    const read = readSettings({ version: 1, sources: [gh], profiles }, { os: "linux", arch: "x64" });
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    const [, found] = read.settings.sources;
    if (found?.kind !== "github") throw new Error("no such source");
    return { source: found, profiles: read.settings.profiles };
  };
  const docker = { compute: { kind: "docker", image: "x" } };

  const cases: [claim: string, trust: object, profiles: readonly object[], isRoot: boolean, ok: boolean][] = [
    ["on a process profile without trust: no", {}, [{ name: "own" }], false, false],
    ["on a process profile with trust: yes", { trust: "same-user" }, [{ name: "own" }], false, true],
    ["on a process profile of root: yes", {}, [{ name: "own" }], true, true],
    ["on docker alone: yes", {}, [{ name: "box", ...docker }], false, true],
    [
      "on docker and a process profile: no",
      {},
      [
        { name: "box", ...docker },
        { name: "own", labels: ["x"] },
      ],
      false,
      false,
    ],
    [
      "on docker, where a process profile of the same labels comes after it: yes",
      {},
      [
        { name: "box", labels: ["x"], priority: 1, ...docker },
        { name: "own", labels: ["X"] },
      ],
      false,
      true,
    ],
  ];
  it.each(cases.map(([claim, ...rest]) => [claim, rest] as const))("%s", (_, [trust, profiles, isRoot, ok]) => {
    const { source: gh, profiles: filled } = settings(trust, profiles);
    const finding = trustFinding(gh, { profiles: filled, isRoot });
    expect(finding.ok).toBe(ok);
    expect(finding.fix.includes("trust: same-user")).toBe(!ok);
    if (!ok) expect(finding.what).toContain("will not run on own");
  });
});
