/** The sources in force, made anew when their settings change. A new kind of source is one line here. */
import { apiSource } from "../../sources/api";
import { githubSource, type Sharing } from "../../sources/github";
import type { JobSource, Ports } from "../../core/ports";
import type { SecretPlace, Settings, SourceSettings } from "../../core/settings";
import { version } from "../../../package.json";

export interface SourceGiven extends Pick<Ports, "clock" | "random" | "log"> {
  /** Reads a secret where it is kept. */
  readonly secret: (place: SecretPlace) => Promise<string>;
  readonly sharing: Sharing;
}

export function sourceRegistry(settings: () => Settings, given: SourceGiven): (name: string) => JobSource | undefined {
  const made = new Map<string, { readonly from: string; readonly source: JobSource }>();
  return (name) => {
    const wanted = settings().sources.find((source) => source.name === name);
    if (wanted === undefined) return undefined;
    const from = JSON.stringify(wanted);
    const standing = made.get(name);
    if (standing?.from === from) return standing.source;
    const source = makeSource(wanted, given);
    made.set(name, { from, source });
    return source;
  };
}

function makeSource(settings: SourceSettings, given: SourceGiven): JobSource {
  switch (settings.kind) {
    case "api":
      return apiSource();
    case "github":
      return githubSource({ ...given, settings, version });
  }
}
