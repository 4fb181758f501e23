/** Whether a GitHub server can make the whole configuration of a runner at once (JIT); GHES can since 3.10. */
import type { ApiCall, GithubClient } from "./client";
import type { Clock } from "../../core/ports";
import { renewable } from "./renewable";
import { fields, optionalText } from "./shape";
import { isHosted, scopePath } from "./urls";

const keptMs = 3_600_000;
const unknownMs = 600_000;

export interface JitKnowledge {
  /** `false` only when it is known. */
  knowsJit(scope: string): Promise<boolean>;
  /** A 404 says either that there is no such call or that we may not make it: asks which, and remembers. */
  learnFrom404(scope: string): Promise<"no-jit" | "no-right">;
}

export interface JitKnowledgeOptions {
  readonly client: GithubClient;
  readonly clock: Clock;
  readonly url: string;
}

export function openJitKnowledge({ client, clock, url }: JitKnowledgeOptions): JitKnowledge {
  let lacksUntil = 0;
  // One server for all scopes, whoever asks first.
  let asking = "";
  const version = renewable(clock, async () => {
    const value = await installedVersion(client, asking);
    return { value, lastsMs: value === null ? unknownMs : keptMs };
  });
  return {
    async knowsJit(scope) {
      if (isHosted(url)) return true;
      if (clock.now() < lacksUntil) return false;
      asking = scope;
      return !isBefore310(await version.get());
    },
    async learnFrom404(scope) {
      if (isHosted(url) || !(await canListRunners(client, scope))) return "no-right";
      lacksUntil = clock.now() + keptMs;
      return "no-jit";
    },
  };
}

/** `null`: it does not say; then it is taken for a new one. */
export async function installedVersion(client: GithubClient, scope: string): Promise<string | null> {
  const call: ApiCall = { scope, right: "repositories", path: "/meta", expect: everyRefusal };
  try {
    const { value } = await client.ask(call, (body) => optionalText(fields(body, "the answer")["installed_version"]));
    return value ?? null;
  } catch {
    // Whatever is wrong with the server: the call that matters comes next, and says it.
    return null;
  }
}

const everyRefusal: readonly number[] = [400, 401, 403, 404, 410, 422];

export function isBefore310(version: string | null): boolean {
  const [major, minor] =
    /^(\d+)\.(\d+)/
      .exec(version ?? "")
      ?.slice(1)
      .map(Number) ?? [];
  if (major === undefined || minor === undefined) return false;
  return major < 3 || (major === 3 && minor < 10);
}

async function canListRunners(client: GithubClient, scope: string): Promise<boolean> {
  const path = `${scopePath(scope)}/actions/runners?per_page=1`;
  const { status } = await client.call({ scope, right: "runners", path, expect: [403, 404] }, () => undefined);
  return status < 300;
}
