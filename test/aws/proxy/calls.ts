/** What was asked of AWS: service and action of each call as it stands on the wire, and who made it. */

export interface AwsCall {
  /** The door it came through: which function, or "test". */
  readonly caller: string;
  /** `ec2`, `dynamodb`, `sqs`, `ssm`, `s3`, `sts`. */
  readonly service: string;
  readonly action: string;
  /** Of a write to a table: what kind of item it is about, as its sort key says. Of a bucket: the first part of the name. */
  readonly item?: string;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

const byTarget: Readonly<Record<string, string>> = {
  DynamoDB_20120810: "dynamodb",
  AmazonSQS: "sqs",
  AmazonSSM: "ssm",
};

/** By the header of JSON protocols, the form of query protocols, or method and path. */
export function callOf(caller: string, { method, path, header, body }: Asked): AwsCall {
  const [prefix, named] = (header("x-amz-target") ?? "").split(".");
  if (prefix !== undefined && named !== undefined)
    return { caller, service: byTarget[prefix] ?? prefix, action: named, ...itemOf(named, body) };
  const [, scope] = /Credential=[^/]+\/\d{8}\/[^/]+\/([a-z0-9-]+)\//.exec(header("authorization") ?? "") ?? [];
  const action = isForm(header("content-type")) ? new URLSearchParams(body.toString()).get("Action") : null;
  if (action !== null) return { caller, service: scope ?? "ec2", action };
  if (scope === "s3") return { caller, service: scope, action: objectAction(method, path), ...shelfOf(path) };
  return { caller, service: scope ?? "unknown", action: method };
}

function itemOf(action: string, body: Buffer): Pick<AwsCall, "item"> {
  if (!/^(Put|Update|Delete)Item$/.test(action)) return {};
  const { Item, Key } = JSON.parse(body.toString()) as Record<"Item" | "Key", { readonly sk?: { readonly S: string } }>;
  const [item = ""] = ((Item ?? Key).sk?.S ?? "").split("#");
  return { item };
}

function isForm(type: string | undefined): boolean {
  return type?.startsWith("application/x-www-form-urlencoded") === true;
}

function objectAction(method: string, path: string): string {
  const { pathname, searchParams } = new URL(path, "http://s3");
  const what = pathname.split("/").filter(Boolean).length > 1 ? "Object" : "Bucket";
  const part = ["uploads", "uploadId", "partNumber", "list-type", "delete"].find((name) => searchParams.has(name));
  return `${method} ${what}${part === undefined ? "" : `?${part}`}`;
}

/** Of `/bucket/logs/…`. */
function shelfOf(path: string): Pick<AwsCall, "item"> {
  const [, , item = ""] = new URL(path, "http://s3").pathname.split("/");
  return item === "" ? {} : { item };
}

export class CallCounts {
  #calls: AwsCall[] = [];

  add(call: AwsCall): void {
    this.#calls.push(call);
  }

  forget(): void {
    this.#calls = [];
  }

  get all(): readonly AwsCall[] {
    return this.#calls;
  }

  count(wanted: Partial<AwsCall> = {}): number {
    return this.#calls.filter((call) => isLike(call, wanted)).length;
  }

  /** A table for people: calls by service and action, most frequent first, with the share of one job. */
  perJob(jobs: number): string {
    const counts = new Map<string, number>();
    for (const { caller, service, action } of this.#calls) {
      const name = `${caller.padEnd(8)} ${service}:${action}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const rows = [...counts].sort(([, a], [, b]) => b - a);
    const lines = rows.map(([name, count]) => `${(count / jobs).toFixed(2).padStart(8)}  ${name}`);
    return [
      `AWS calls per job, of ${jobs} jobs:`,
      ...lines,
      `${(this.count() / jobs).toFixed(2).padStart(8)}  in all`,
    ].join("\n");
  }
}

export function isLike(call: AwsCall, { caller, service, action }: Partial<AwsCall>): boolean {
  return (
    (caller === undefined || call.caller === caller) &&
    (service === undefined || call.service === service) &&
    (action === undefined || call.action === action)
  );
}
