/** STS knows the sessions that a test has told it of; moto takes any signature. */
import type { FakeSts } from "../../compute/ec2/fake-sts";
import type { Asked } from "./calls";
import type { Answer } from "./refusals";

/** Whoever asks another host than it says, says so here: the host is part of what was signed. */
export const signedHost = "x-signed-host";

export async function askFakeSts({ path, header, body }: Asked, sts: FakeSts): Promise<Answer> {
  const headers: Record<string, string> = {};
  for (const name of [
    "content-type",
    "x-amz-date",
    "x-amz-security-token",
    "x-onejob-fleet",
    "x-onejob-nonce",
    "authorization",
  ]) {
    const value = header(name);
    if (value !== undefined) headers[name] = value;
  }
  const host = header(signedHost) ?? header("host") ?? "";
  const response = await sts.fetch(`https://${host}${path}`, { method: "POST", headers, body: body.toString() });
  const answer = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get("content-type") ?? "text/plain";
  return {
    status: response.status,
    headers: ["content-type", type, "content-length", String(answer.byteLength)],
    body: answer,
  };
}
