/** AWS in a process of its own on loopback (`moto_server`, which must be on the PATH), and clients that ask it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface Moto {
  readonly url: string;
  stop(): Promise<void>;
}

const startMs = 60_000;

/** Fails where moto is missing: a suite that tests nothing must not pass. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const server = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const failed = new Promise<never>((_, reject) => {
    server.once("error", (cause) => reject(new Error("moto_server cannot be started: is it on the PATH?", { cause })));
    server.once("exit", (code) => reject(new Error(`moto_server ended with code ${code ?? "none"}`)));
  });
  failed.catch(() => undefined);
  const url = `http://127.0.0.1:${port}`;
  try {
    await Promise.race([answering(url), failed]);
  } catch (error) {
    server.kill("SIGKILL");
    throw error;
  }
  return {
    url,
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill("SIGKILL");
      await once(server, "exit");
    },
  };
}

async function answering(url: string): Promise<void> {
  const until = performance.now() + startMs;
  while (performance.now() < until) {
    const up = await fetch(`${url}/moto-api/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) return;
    await sleep(100);
  }
  throw new Error("moto_server does not answer");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** What every client and every function of ours finds AWS by. */
export function awsEnvironment(url: string): Readonly<Record<string, string>> {
  return {
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
    AWS_ENDPOINT_URL: url,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

/** For clients made in a test. Buckets are found by path: loopback has no names below it. */
export function clientConfig(url: string) {
  const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
  return { endpoint: url, region: "eu-west-1", credentials, maxAttempts: 1 };
}
