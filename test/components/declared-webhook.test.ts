/** From what is declared to what it does: the archives of a fleet, run as they are, tell the fleet's queue of a job. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { asset } from "@pulumi/pulumi";
import { RunnerFleet } from "../../components";
import { smallest } from "../fixtures/pulumi-fleets";
import { declare, ofType, one } from "../fixtures/pulumi-graph";
import type { Graph } from "../fixtures/pulumi-graph";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { secret, sign, told } from "../sources/github/webhook-parcels";

interface Call {
  readonly operation: string;
  readonly input: { readonly QueueUrl?: string; readonly Path?: string; readonly Name?: string } & Sent;
}

interface Sent {
  readonly MessageBody?: string;
  readonly Entries?: readonly { readonly Id: string; readonly MessageBody: string }[];
}

/** As much of SSM and SQS as the function needs, with the parameters of the declared fleet. */
class DeclaredAws {
  readonly calls: Call[] = [];
  parameters: readonly { readonly Name: string; readonly Value: string }[] = [];
  readonly #server = createServer((request, response) => {
    void text(request).then((body) => {
      const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
      const input = JSON.parse(body) as Call["input"];
      this.calls.push({ operation, input });
      const type = String(request.headers["content-type"]);
      response.writeHead(200, { "content-type": type }).end(JSON.stringify(this.#answer({ operation, input })));
    });
  });

  async listen(): Promise<string> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer({ operation, input }: Call): object {
    if (operation === "GetParametersByPath")
      return { Parameters: this.parameters.filter(({ Name }) => Name.startsWith(`${input.Path ?? ""}/`)) };
    if (operation === "GetParameter") return { Parameter: { Name: input.Name, Value: secret } };
    if (operation === "SendMessage") return { MessageId: "m-1", MD5OfMessageBody: md5(input.MessageBody) };
    const stored = (input.Entries ?? []).map(({ Id, MessageBody }) => {
      return { Id, MessageId: `m-${Id}`, MD5OfMessageBody: md5(MessageBody) };
    });
    return { Successful: stored, Failed: [] };
  }
}

const md5 = (body = ""): string => createHash("md5").update(body).digest("hex");

/** The archive of one function, unpacked and run by a bare Node. */
async function invoke(
  graph: Graph,
  { role, event, url }: { role: string; event: object; url: string },
): Promise<unknown> {
  const folder = await temporaryFolder();
  try {
    const { code } = one(graph, "Function", `ci-functions-${role}`).inputs;
    const files = Object.entries(await (code as asset.AssetArchive).assets);
    for (const [name, file] of files) {
      if (file instanceof asset.FileAsset) await copyFile(await file.path, join(folder.path, name));
      else await writeFile(join(folder.path, name), await (file as asset.StringAsset).text);
    }
    const script = `require("./__index.js").handler(${JSON.stringify(event)}, { awsRequestId: "r-1" }).then((answer) => require("node:fs").writeFileSync("answer.json", JSON.stringify(answer)))`;
    const node = spawn(process.execPath, ["--no-experimental-require-module", "-e", script], {
      cwd: folder.path,
      env: {
        ...{ PATH: process.env["PATH"], AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL: url },
        ...{ AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x", AWS_EC2_METADATA_DISABLED: "true" },
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [failed, [status]] = await Promise.all([text(node.stderr), once(node, "exit")]);
    if (status !== 0) throw new Error(`${role} ended with ${String(status)}: ${failed.slice(-2_000)}`);
    return JSON.parse(await readFile(join(folder.path, "answer.json"), "utf8"));
  } finally {
    await folder.remove();
  }
}

const body = told("queued");
const delivery = {
  ...{ version: "2.0", rawPath: "/webhooks/gh", rawQueryString: "", isBase64Encoded: false, body },
  headers: {
    ...{ "content-type": "application/json", "x-github-event": "workflow_job", "x-github-delivery": "d-1" },
    "x-hub-signature-256": sign(body),
  },
  requestContext: { stage: "$default", http: { method: "POST" } },
};

describe("the declared fleet", () => {
  let aws: DeclaredAws;
  let graph: Graph;
  let url: string;
  beforeEach(async () => {
    aws = new DeclaredAws();
    url = await aws.listen();
    // The SDK sends to where the queue's own address leads, whatever endpoint it is told.
    const made = { "aws:sqs/queue:Queue": { url: `${url}/123456789012/ci-queue` } };
    graph = await declare(() => new RunnerFleet("ci", smallest), { made });
    aws.parameters = ofType(graph, "Parameter").flatMap(({ inputs: { name, insecureValue } }) =>
      typeof insecureValue === "string" ? [{ Name: String(name), Value: insecureValue }] : [],
    );
  });
  afterEach(() => aws.close());

  it("takes a signed webhook and tells its own queue, by what it reads under its own path", async () => {
    expect(await invoke(graph, { role: "webhook", event: delivery, url })).toMatchObject({ statusCode: 202 });
    const [sent, ...more] = aws.calls.filter(({ operation }) => operation.startsWith("SendMessage"));
    expect(sent?.input.QueueUrl).toBe(`${url}/123456789012/ci-queue`);
    expect(JSON.stringify(sent?.input)).toContain("gh/github.com/71");
    expect(more).toEqual([]);
    const asked = aws.calls.map(({ input: { Path, Name } }) => Path ?? Name).filter((name) => name !== undefined);
    expect(asked.sort()).toEqual(["/onejob/ci-dev/secrets/gh/webhook-secret", "/onejob/ci-dev/settings"]);
  });

  it("has a function for the queue that gives back a message it does not know", async () => {
    const event = { Records: [{ messageId: "m-1", receiptHandle: "r", body: "none of ours", attributes: {} }] };
    expect(await invoke(graph, { role: "work", event, url })).toEqual({
      batchItemFailures: [{ itemIdentifier: "m-1" }],
    });
  });
});
