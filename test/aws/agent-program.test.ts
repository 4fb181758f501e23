/** How machines without our image get their agent. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { bytesOf, DrivenFleet } from "./driven-fleet";
import { FleetWorld, useMoto } from "./fleet-world";
import { clientConfig } from "./moto";

const url = useMoto();

describe("the function agent", () => {
  let fleet: DrivenFleet;
  beforeEach(async () => {
    fleet = new DrivenFleet(await FleetWorld.deploy(url()));
  });

  it("gives its program to whoever asks, and only once to who has it already", async () => {
    const folder = await temporaryFolder();
    const agentFile = join(folder.path, "agent.js");
    await writeFile(agentFile, "// the agent: ä\n");
    const served = new DrivenFleet(fleet.world, agentFile);
    const first = await served.agent("agent.js");
    expect(bytesOf(first).equals(await readFile(agentFile))).toBe(true);
    const hash = createHash("sha256").update(bytesOf(first)).digest("hex");
    expect(first).toMatchObject({
      statusCode: 200,
      headers: {
        etag: `"${hash}"`,
        "content-type": "text/javascript; charset=utf-8",
        "cache-control": "public, max-age=86400",
      },
    });
    const again = await served.agent("agent.js", undefined, { headers: { "If-None-Match": `W/"${hash}"` } });
    expect(again).toMatchObject({ statusCode: 304, body: "" });
    await folder.remove();
  });

  it("gives a machine that was made before the last deployment the agent it was told to run", async () => {
    const folder = await temporaryFolder();
    const agentFile = join(folder.path, "agent.js");
    await writeFile(agentFile, "// the present one\n");
    const served = new DrivenFleet(fleet.world, agentFile);
    const earlier = "// the one before\n";
    const sum = createHash("sha256").update(earlier).digest("hex");
    const Key = `agents/${sum}.js`;
    const s3 = new S3Client({ ...clientConfig(url()), forcePathStyle: true });
    await s3.send(new PutObjectCommand({ Bucket: fleet.world.facts.bucket, Key, Body: earlier }));
    expect(bytesOf(await served.agent("agent.js", undefined, { query: { sha256: sum } })).toString()).toBe(earlier);
    const unknown = await served.agent("agent.js", undefined, { query: { sha256: "0".repeat(64) } });
    expect(bytesOf(unknown).toString()).toBe("// the present one\n");
    await folder.remove();
  });

  it("answers an error, not a crash, when its program is not there", async () => {
    expect((await fleet.agent("agent.js")).statusCode).toBe(500);
  });
});
