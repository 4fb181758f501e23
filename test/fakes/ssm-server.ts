/** As much of SSM's wire protocol as the parameters of a fleet need, over loopback. It keeps what it is told, and who asked. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Stored {
  readonly Name: string;
  readonly Value: string;
  readonly Type: string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

type Input = Partial<Stored> & {
  readonly Names?: readonly string[];
  readonly Overwrite?: boolean;
  readonly Target?: string;
  readonly SessionId?: string;
};

export class FakeSsm {
  readonly stored = new Map<string, Stored>();
  /** What was asked, without bodies: `PutParameter /onejob/…`. */
  readonly asked: string[] = [];
  /** Every call is refused with this error until it is called off. */
  refusal: string | undefined;
  /** Answers of other operations, by their name. */
  readonly answers = new Map<string, object>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
        const { status, body } = this.#answer(operation, JSON.parse(Buffer.concat(chunks).toString()) as Input);
        response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
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

  #answer(operation: string, input: Input): { readonly status: number; readonly body: object } {
    this.asked.push(`${operation} ${input.Name ?? input.Names?.join(" ") ?? input.Target ?? input.SessionId ?? ""}`);
    if (this.refusal !== undefined) return { status: 400, body: { __type: this.refusal, message: "refused" } };
    if (operation === "GetParameter") return this.#get(input.Name ?? "");
    if (operation === "GetParameters") {
      const Parameters = (input.Names ?? []).flatMap((name) => this.stored.get(name) ?? []);
      return { status: 200, body: { Parameters } };
    }
    const known = this.answers.get(operation);
    if (known !== undefined) return { status: "__type" in known ? 400 : 200, body: known };
    return operation === "PutParameter" ? this.#put(input) : { status: 400, body: { __type: "UnknownOperation" } };
  }

  #get(name: string) {
    const found = this.stored.get(name);
    if (found === undefined) return { status: 400, body: { __type: "ParameterNotFound" } };
    return { status: 200, body: { Parameter: found } };
  }

  /** As SSM has it: no tags together with an overwrite, no second one without. */
  #put({ Name = "", Value = "", Type = "", Tags, Overwrite = false }: Input) {
    if (Overwrite && Tags !== undefined) return { status: 400, body: { __type: "ValidationException" } };
    if (!Overwrite && this.stored.has(Name)) return { status: 400, body: { __type: "ParameterAlreadyExists" } };
    this.stored.set(Name, { Name, Value, Type, ...(Tags === undefined ? {} : { Tags }) });
    return { status: 200, body: { Version: 1 } };
  }
}
