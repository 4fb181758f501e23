/**
 * The instance metadata service, version 2: a session token first, then what is asked for.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
import { setTimeout as sleep } from "node:timers/promises";
import { errorText } from "../../core/error-facts";
import { isRecord } from "../shapes";

/** A link-local address: it leads to nobody but the machine's own host. */
const usualUrl = "http://169.254.169.254";
const tokenSeconds = 21_600;

export interface ImdsOptions {
  /** @default "http://169.254.169.254" */
  readonly baseUrl?: string;
  /** How often a request without an answer is made. @default 4 */
  readonly tries?: number;
  /** Pause after the first failure; it doubles. @default 250 */
  readonly pauseMs?: number;
  /** How long an answer may take. @default 2000 */
  readonly answerMs?: number;
}

export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export class Imds {
  readonly #options: Required<ImdsOptions>;
  #token: string | undefined;

  constructor({ baseUrl = usualUrl, tries = 4, pauseMs = 250, answerMs = 2_000 }: ImdsOptions = {}) {
    this.#options = { baseUrl, tries, pauseMs, answerMs };
  }

  /** `undefined`: there is no such thing. Throws when the service gives no answer. */
  async read(path: string): Promise<string | undefined> {
    const { tries, pauseMs } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#ask(path);
      } catch (error) {
        // A token that is not taken any more is no use for the next try.
        this.#token = undefined;
        if (attempt >= tries) throw new Error(`no instance metadata: ${errorText(error)}`, { cause: error });
        await sleep(pauseMs * 2 ** (attempt - 1));
      }
    }
  }

  /** Of the instance's role. They change every few hours. Throws when it has none (yet). */
  async credentials(): Promise<RoleCredentials> {
    const folder = "/latest/meta-data/iam/security-credentials/";
    const role = (await this.read(folder))?.split("\n")[0]?.trim() ?? "";
    const text = role === "" ? undefined : await this.read(folder + role);
    const answer = parsed(text);
    const [accessKeyId, secretAccessKey, sessionToken] = ["AccessKeyId", "SecretAccessKey", "Token"].map(
      (name) => answer[name],
    );
    if (isText(accessKeyId) && isText(secretAccessKey) && isText(sessionToken)) {
      return { accessKeyId, secretAccessKey, sessionToken };
    }
    throw new Error("the instance has no credentials of a role yet");
  }

  async #ask(path: string): Promise<string | undefined> {
    this.#token ??= await this.#newToken();
    const response = await this.#fetch(path, { headers: { "x-aws-ec2-metadata-token": this.#token } });
    const text = await response.text();
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return text;
  }

  async #newToken(): Promise<string> {
    const headers = { "x-aws-ec2-metadata-token-ttl-seconds": String(tokenSeconds) };
    const response = await this.#fetch("/latest/api/token", { method: "PUT", headers });
    const token = await response.text();
    if (!response.ok) throw new Error(`status ${response.status} instead of a session token`);
    return token;
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    const { baseUrl, answerMs } = this.#options;
    return fetch(baseUrl + path, { ...init, redirect: "error", signal: AbortSignal.timeout(answerMs) });
  }
}

/** Without a word of the text, which holds a secret. */
function parsed(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
