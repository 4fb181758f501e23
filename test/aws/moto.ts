/** AWS on loopback: the `moto_server` of this worker, and clients that ask it. */

/**
 * Its address, with nothing in it of those who were here before.
 * Ends with an error where none was started (`start-moto.cjs`).
 */
export async function emptyMoto(): Promise<string> {
  const urls = (process.env["ONEJOB_TEST_MOTO"] ?? "").split(" ");
  const url = urls[(Number(process.env["JEST_WORKER_ID"] ?? 1) - 1) % urls.length] ?? "";
  const { ok, status } = await fetch(`${url}/moto-api/reset`, { method: "POST" });
  if (!ok) throw new Error(`moto cannot be emptied: ${status}`);
  return url;
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
