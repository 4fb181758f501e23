/** A listener without a process: it connects and takes jobs as the stand-in does, one step at a time, as a test says. */
import type { Conclusion } from "./model";

export interface ListenerAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export class BareListener {
  private readonly session: string;

  private constructor(session: string) {
    this.session = session;
  }

  /** Throws with the status in its message when the configuration is refused. */
  static async connect(encodedJitConfig: string, version = "2.338.0"): Promise<BareListener> {
    const files = decode(encodedJitConfig) as Readonly<Record<string, string>>;
    const { ServerUrl: server } = decode(files[".runner"] ?? "") as { readonly ServerUrl: string };
    const { d: secret } = decode(files[".credentials_rsaparams"] ?? "") as { readonly d: string };
    const { status, body } = await ask("POST", `${server}sessions`, { body: { secret, version } });
    if (status !== 200) throw new Error(`${status} ${String(body.message)}`);
    return new BareListener(`${server}sessions/${String(body.session)}`);
  }

  /** The next message; 202 when there is none for a while. */
  poll(signal?: AbortSignal): Promise<ListenerAnswer> {
    return ask("GET", `${this.session}/messages`, { signal });
  }

  acquire(job: number): Promise<ListenerAnswer> {
    return ask("POST", `${this.session}/jobs/${job}/acquire`);
  }

  finish(job: number, conclusion: Conclusion = "success"): Promise<ListenerAnswer> {
    return ask("POST", `${this.session}/jobs/${job}/finish`, { body: { conclusion } });
  }

  disconnect(): Promise<ListenerAnswer> {
    return ask("DELETE", this.session);
  }

  /** Waits for a job and takes it. Answers its id. */
  async take(): Promise<number> {
    const { status, body } = await this.poll();
    const job = Number(body.job);
    if (status !== 200 || body.type !== "job") throw new Error(`no job but ${status} ${JSON.stringify(body)}`);
    const acquired = await this.acquire(job);
    if (acquired.status !== 200) throw new Error(`${acquired.status} ${String(acquired.body.message)}`);
    return job;
  }
}

function decode(text: string): unknown {
  return JSON.parse(Buffer.from(text, "base64").toString("utf8"));
}

interface Question {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

async function ask(method: string, url: string, { body, signal }: Question = {}): Promise<ListenerAnswer> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as ListenerAnswer["body"] };
}
