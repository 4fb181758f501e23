/** AWS's JSON protocols over loopback: the operation stands in a header, input and output are JSON. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface AwsAnswer {
  readonly status: number;
  readonly body: object;
}

export class AwsJsonServer<Input> {
  readonly #server: Server;

  constructor(version: "1.0" | "1.1", answer: (operation: string, input: Input) => AwsAnswer) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
        const { status, body } = answer(operation, JSON.parse(Buffer.concat(chunks).toString()) as Input);
        response.writeHead(status, { "content-type": `application/x-amz-json-${version}` }).end(JSON.stringify(body));
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
