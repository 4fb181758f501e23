/** One release of `actions/runner`, as GitHub's API (or a mirror of it) describes it. */
import { isRecord } from "../../shapes";
import { ListenerRefusal } from "../listener-refusal";

export interface RunnerRelease {
  readonly version: string;
  /** Where its archive is. */
  readonly url: string;
  /** Of the archive, in lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Size of the archive; `null`: not said. */
  readonly bytes: number | null;
}

const systems: Readonly<Record<string, string>> = { linux: "linux", darwin: "osx", win32: "win" };
const processors: Readonly<Record<string, string>> = { x64: "x64", arm64: "arm64", arm: "arm" };

/** As GitHub names it in its files: `linux-x64`. Throws a `ListenerRefusal` where there is no runner for this machine. */
export function runnerPlatform({ platform, arch }: Pick<NodeJS.Process, "platform" | "arch">): string {
  const [system, processor] = [systems[platform], processors[arch]];
  if (system !== undefined && processor !== undefined) return `${system}-${processor}`;
  throw new ListenerRefusal("misconfigured", `there is no GitHub runner for ${platform} ${arch}`);
}

/** `version`: as configured, `latest` included. */
export function releasePath(version: string): string {
  const which = version === "latest" ? "latest" : `tags/v${version}`;
  return `repos/actions/runner/releases/${which}`;
}

/** Throws a `ListenerRefusal` when it lacks what is needed to install it safely. */
export function parseRelease(value: unknown, platform: string): RunnerRelease {
  const version = isRecord(value) ? /^v?(\d{1,5}\.\d{1,5}\.\d{1,5})$/.exec(text(value["tag_name"]))?.[1] : undefined;
  if (!isRecord(value) || version === undefined) throw refused("the release server's answer describes no release");
  const name = `actions-runner-${platform}-${version}.tar.gz`;
  const assets: readonly unknown[] = Array.isArray(value["assets"]) ? value["assets"] : [];
  const asset = assets.filter(isRecord).find((entry) => entry["name"] === name);
  if (asset === undefined) throw refused(`release ${version} of GitHub's runner has no file ${name}`);
  const sha256 = digestOf(asset) ?? digestInText(text(value["body"]), platform);
  if (sha256 === undefined) {
    throw refused(`release ${version} gives no SHA-256 for ${name}, so it is not installed; choose another version`);
  }
  const url = text(asset["browser_download_url"]);
  if (!URL.canParse(url)) throw refused(`release ${version} gives no address for ${name}`);
  const size = asset["size"];
  const bytes = typeof size === "number" && Number.isSafeInteger(size) && size > 0 ? size : null;
  return { version, url, sha256, bytes };
}

function digestOf(asset: Readonly<Record<string, unknown>>): string | undefined {
  return /^sha256:([0-9a-f]{64})$/i.exec(text(asset["digest"]))?.[1]?.toLowerCase();
}

/** Before assets had a digest, it stood in the release's text between two comments. */
function digestInText(body: string, platform: string): string | undefined {
  const mark = (edge: string): string => `<!-- ${edge} SHA ${platform} -->`;
  const [, after = ""] = body.split(mark("BEGIN"));
  const [between = ""] = after.split(mark("END"));
  return /^\s*([0-9a-f]{64})\s*$/i.exec(between)?.[1]?.toLowerCase();
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function refused(detail: string): ListenerRefusal {
  return new ListenerRefusal("misconfigured", `${detail} (see sources[].runner)`);
}
