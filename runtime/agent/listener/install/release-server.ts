/** Asks the release server: follows its redirects, tries again what may have been chance, and says what was not. */
import type { IncomingMessage } from "node:http";
import { errorText } from "../../../core/error-facts";
import { Backoff, rest } from "../../backoff";
import { HttpConnections, readJson } from "../../http";
import { ListenerRefusal } from "../listener-refusal";
import type { InstallParts } from "./install-runner";
import { parseRelease, releasePath } from "./release";
import type { RunnerRelease } from "./release";

const mostRedirects = 5;

/** What a read made of an answer; `undefined`: it did not arrive whole. */
export type ReadAnswer<T> = (message: IncomingMessage) => Promise<T>;

export interface Asking {
  readonly tries: number;
  /** Longest silence. */
  readonly timeoutMs: number;
}

export class ReleaseServer {
  private readonly base: URL;
  private readonly parts: InstallParts;
  private readonly connections = new HttpConnections();

  constructor(releasesUrl: string, parts: InstallParts) {
    this.base = new URL(releasesUrl.endsWith("/") ? releasesUrl : `${releasesUrl}/`);
    this.parts = parts;
  }

  /** Throws a `ListenerRefusal`: `misconfigured` when there is no such release, `boot-failing` when nobody answers. */
  async release(version: string, platform: string, asking: Asking): Promise<RunnerRelease> {
    const read = async (message: IncomingMessage): Promise<RunnerRelease> =>
      parseRelease(await readJson(message), platform);
    return this.get(releasePath(version), asking, read);
  }

  /** `read` is asked again with the next answer when it throws anything but a `ListenerRefusal`. */
  async get<T>(path: string, { tries, timeoutMs }: Asking, read: ReadAnswer<T>): Promise<T> {
    const { options, random, signal } = this.parts;
    const backoff = new Backoff(options.backoff, random);
    const url = new URL(path, this.base);
    let problem = "";
    for (let tried = 0; tried < tries; tried += 1) {
      if (tried > 0) await rest(backoff.nextMs(null), signal);
      signal.throwIfAborted();
      try {
        return await read(await this.follow(url, timeoutMs));
      } catch (error) {
        if (error instanceof ListenerRefusal) throw error;
        problem = errorText(error);
      }
    }
    signal.throwIfAborted();
    throw new ListenerRefusal("boot-failing", `${url.origin} does not give GitHub's runner: ${problem}`);
  }

  close(): void {
    this.connections.close();
  }

  private async follow(first: URL, timeoutMs: number): Promise<IncomingMessage> {
    const { signal } = this.parts;
    let url = first;
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      if (!this.mayAsk(url))
        throw new ListenerRefusal("misconfigured", `the release server leads to ${url.origin}, which is not https`);
      const message = await this.connections.send({ method: "GET", url, timeoutMs, signal });
      const status = message.statusCode ?? 0;
      if (status === 200) return message;
      message.destroy();
      if (status === 404 || status === 410) throw notThere(url);
      if (status < 300 || status >= 400) throw new Error(`status ${status}`);
      url = new URL(message.headers.location ?? "", url);
    }
    throw new Error("it redirects without end");
  }

  /** What arrives is checked against a digest; the digest itself must come from whom we asked. */
  private mayAsk({ protocol }: URL): boolean {
    return protocol === "https:" || (protocol === "http:" && this.base.protocol === "http:");
  }
}

function notThere(url: URL): ListenerRefusal {
  const detail = `${url.origin}${url.pathname} is not there; check sources[].runner.version and releasesUrl`;
  return new ListenerRefusal("misconfigured", detail);
}
