/** What the fake engine answers about containers. */
import { Parser, type ReadEntry } from "tar";
import type { Call, Reply } from "./fake-engine";
import { absent } from "./fake-engine";
import type { ContainerBody, EngineState, FakeContainer, FakeFile } from "./fake-engine-state";

const never = "0001-01-01T00:00:00Z";

export async function containerAnswers(state: EngineState, call: Call): Promise<Reply> {
  const { method, path, query } = call;
  const [, , name = "", action = ""] = path.split("/");
  if (method === "GET" && name === "json") return { status: 200, json: listed(state, query) };
  if (method === "POST" && name === "create") return create(state, call);
  const container = state.find(name);
  if (container === undefined) return absent(`No such container: ${name}`);
  if (method === "DELETE") return remove(state, container);
  switch (`${method} ${action}`) {
    case "GET json":
      return { status: 200, json: inspected(container) };
    case "HEAD archive":
      return { status: has(state, container, query.get("path") ?? "") ? 200 : 404 };
    case "PUT archive":
      return unpack(state, container, call);
    case "POST start":
      return start(state, container);
    case "POST kill":
      return kill(state, container);
    case "POST wait":
      return ended(container);
    case "GET logs":
      return { status: 200, raw: framed(container.said) };
    default:
      return absent(`page not found: ${method} ${path}`);
  }
}

function create(state: EngineState, { query, body: sent }: Call): Reply {
  const name = query.get("name") ?? "";
  const body = JSON.parse(sent.toString()) as ContainerBody;
  if (state.find(name) !== undefined) {
    return { status: 409, json: { message: `Conflict. The container name "/${name}" is already in use` } };
  }
  if (!state.images.has(body.Image)) return absent(`No such image: ${body.Image}`);
  return { status: 201, json: { Id: state.makeContainer(name, body).id, Warnings: [] } };
}

function listed(state: EngineState, query: URLSearchParams): unknown {
  const { label = [] } = JSON.parse(query.get("filters") ?? "{}") as { label?: string[] };
  const matches = ({ body }: FakeContainer): boolean =>
    state.ignoresFilters ||
    label.every((wanted) => {
      const [key = "", value] = wanted.split("=");
      return value === undefined ? key in body.Labels : body.Labels[key] === value;
    });
  return [...state.containers.values()]
    .filter(matches)
    .map(({ id, name, body, state: State }) => ({ Id: id, Names: [`/${name}`], Labels: body.Labels, State }));
}

function inspected({ id, name, body, created, state, exitCode, starts }: FakeContainer): unknown {
  const StartedAt = starts === 0 ? never : "2030-01-01T00:00:00.123Z";
  const State = { Status: state, Running: state === "running", ExitCode: exitCode, StartedAt };
  return { Id: id, Name: `/${name}`, Created: created, Config: { Labels: body.Labels }, State };
}

function start(state: EngineState, container: FakeContainer): Reply {
  if (container.state === "running") return { status: 304 };
  const [program = ""] = container.body.Entrypoint;
  if (program.startsWith("/") && !has(state, container, program)) {
    const message = `OCI runtime create failed: exec: "${program}": stat ${program}: no such file or directory`;
    return { status: 400, json: { message } };
  }
  state.start(container);
  return { status: 204 };
}

function kill(state: EngineState, container: FakeContainer): Reply {
  if (container.state !== "running") {
    return { status: 409, json: { message: `Cannot kill container: ${container.id}: is not running` } };
  }
  state.end(container, 137);
  return { status: 204 };
}

function remove(state: EngineState, container: FakeContainer): Reply {
  state.remove(container);
  return { status: 204 };
}

async function ended(container: FakeContainer): Promise<Reply> {
  if (container.state !== "exited") await new Promise<void>((resolve) => container.waiting.add(resolve));
  return { status: 200, json: { StatusCode: container.exitCode } };
}

function has(state: EngineState, container: FakeContainer, path: string): boolean {
  const { files, at } = state.place(container, path);
  return files.has(at);
}

async function unpack(state: EngineState, container: FakeContainer, { query, body }: Call): Promise<Reply> {
  const { files, at, readOnly } = state.place(container, query.get("path") ?? "");
  if (readOnly) return { status: 403, json: { message: "mounted volume is marked read-only" } };
  for (const [path, file] of await entriesOf(body)) files.set(`${at === "/" ? "" : at}/${path}`, file);
  return { status: 200 };
}

/** Of large files only the beginning. */
async function entriesOf(archive: Buffer): Promise<ReadonlyMap<string, FakeFile>> {
  const found = new Map<string, FakeFile>();
  const parser = new Parser({ strict: true });
  parser.on("entry", (entry: ReadEntry) => {
    let content = "";
    const { mode = 0 } = entry;
    entry.on("data", (chunk: Buffer) => (content.length < 10_000 ? (content += chunk.toString()) : undefined));
    entry.on("end", () => found.set(entry.path.replace(/\/$/, ""), { mode, content }));
  });
  await new Promise<void>((resolve, reject) => {
    parser.on("end", resolve).on("error", reject);
    parser.end(archive);
  });
  return found;
}

/** As programs without a terminal are shown: each piece behind a head of eight bytes. */
function framed(text: string): Buffer {
  const head = Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}
