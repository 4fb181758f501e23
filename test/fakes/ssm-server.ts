/** As much of SSM's wire protocol as the parameters of a fleet need, over loopback. It keeps what it is told, and who asked. */
import { AwsJsonServer, type AwsAnswer } from "./aws-json-server";

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
  /** With these words. */
  words = "refused";
  /** Answers of other operations, by their name. */
  readonly answers = new Map<string, object>();
  readonly #server = new AwsJsonServer<Input>("1.1", (operation, input) => this.#answer(operation, input));

  listen(): Promise<string> {
    return this.#server.listen();
  }

  close(): void {
    this.#server.close();
  }

  #answer(operation: string, input: Input): AwsAnswer {
    this.asked.push(`${operation} ${input.Name ?? input.Names?.join(" ") ?? input.Target ?? input.SessionId ?? ""}`);
    if (this.refusal !== undefined) return { status: 400, body: { __type: this.refusal, message: this.words } };
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
