/** Server-sent events: `event:` and `data:` lines, ended by an empty line. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

export async function* serverEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parse(block);
      if (event !== null) yield event;
    }
  }
}

/** `null`: only a comment, sent to keep the connection open. */
function parse(block: string): ServerEvent | null {
  const lines = block.split(/\r?\n/);
  const values = (name: string): string[] =>
    lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ""));
  const data = values("data");
  return data.length === 0 ? null : { event: values("event").at(-1) ?? "message", data: data.join("\n") };
}
