/** One webhook request and what came of it, in the words of GitHub's list of deliveries. */
import { request } from "node:http";

export interface PostOutcome {
  /** 0: the receiver could not be reached. */
  readonly statusCode: number;
  readonly status: string;
}

interface Letter {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export function post(url: string, { headers, body, timeoutMs, signal }: Letter): Promise<PostOutcome> {
  const patience = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve) => {
    const fail = () =>
      resolve(
        patience.aborted
          ? { statusCode: 504, status: "timed out" }
          : { statusCode: 0, status: "failed to connect to host" },
      );
    const options = { method: "POST", headers, agent: false, signal: AbortSignal.any([patience, signal]) } as const;
    const asked = request(url, options, (response) => {
      const { statusCode = 0 } = response;
      const good = statusCode >= 200 && statusCode < 300;
      response.on("error", fail);
      response.resume().on("end", () => {
        resolve({ statusCode, status: good ? "OK" : `Invalid HTTP Response: ${statusCode}` });
      });
    });
    asked.on("error", fail).end(body);
  });
}
