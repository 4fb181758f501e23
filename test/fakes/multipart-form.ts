/** Enough of multipart/form-data to see what the CLI sent: part contents by name. */
export function readForm(contentType: string, body: Buffer): Map<string, Buffer> {
  const boundary = /boundary=(.+)$/.exec(contentType)?.[1] ?? "";
  const parts = body.toString("latin1").split(`--${boundary}`).slice(1, -1);
  return new Map(
    parts.map((part) => {
      const headEnd = part.indexOf("\r\n\r\n");
      const name = /name="([^"]+)"/.exec(part.slice(0, headEnd))?.[1] ?? "";
      return [name, Buffer.from(part.slice(headEnd + 4, -2), "latin1")] as const;
    }),
  );
}
