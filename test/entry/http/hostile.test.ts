import { connect } from "node:net";
import fc from "fast-check";
import { formType } from "./forms";
import { closeAll, startWorld, token, type HttpWorld } from "./http-world";

afterEach(closeAll);

const head = (lines: readonly string[]) => `${lines.join("\r\n")}\r\n\r\n`;
const authorised = `authorization: Bearer ${token}`;

/** No answer of the server's own fault, and it still lives. */
async function unharmed(server: HttpWorld): Promise<void> {
  expect((await server.ask("/health")).status).toBe(200);
  expect(server.logged.filter(({ level }) => level === "error")).toEqual([]);
}

describe("hostile input never makes a 5xx", () => {
  it.each([
    ["no HTTP at all", "hello\r\n\r\n", "400"],
    ["a TLS greeting", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000", "400"],
    ["a head beyond all limits", head(["GET /health HTTP/1.1", "host: x", `x-long: ${"y".repeat(20_000)}`]), "431"],
    ["a bad percent sign", head(["GET /api/v1/jobs/%zz HTTP/1.1", "host: x", authorised, "connection: close"]), "400"],
    [
      "a parameter beyond all limits",
      head([`GET /api/v1/jobs/${"a".repeat(5_000)} HTTP/1.1`, "host: x", authorised, "connection: close"]),
      "400",
    ],
    ["an unknown method", head(["BREW /api/v1/jobs HTTP/1.1", "host: x", authorised, "connection: close"]), "400"],
    [
      "a method that is not served",
      head(["DELETE /api/v1/jobs HTTP/1.1", "host: x", authorised, "connection: close"]),
      "404",
    ],
    [
      "two lengths",
      head(["POST /api/v1/jobs HTTP/1.1", "host: x", authorised, "content-length: 3", "content-length: 4"]),
      "400",
    ],
    [
      "a length and chunks",
      head(["POST /api/v1/jobs HTTP/1.1", "host: x", authorised, "content-length: 3", "transfer-encoding: chunked"]),
      "400",
    ],
  ])("%s", async (_, bytes, status) => {
    const server = await startWorld();
    const answer = await server.raw(bytes);
    expect(answer.split("\r\n")[0]).toContain(` ${status} `);
    const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) as { error: { code: string } };
    expect(body.error.code).toMatch(/^(bad-request|not-found)$/);
    await unharmed(server);
  });

  const posts = ["/api/v1/jobs", "/api/v1/drain", "/api/v1/jobs/x/cancel", "/agent/v1/enrol", "/webhooks/gh"];
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  it.each(
    posts.flatMap(
      (path) =>
        [
          [path, "broken JSON", '{"a":'],
          [path, "deep JSON", deep],
          [path, "deep JSON in a field", `{"command":${deep}}`],
          [path, "a prototype", '{"__proto__":{"x":1},"constructor":{"prototype":{}}}'],
          [path, "null", "null"],
          [path, "a number", "1e999"],
          [path, "a list", "[1,2]"],
          [path, "nothing", ""],
          [path, "NUL bytes", "\u0000\u0000"],
          [path, "bytes that are no text", Buffer.from([0xff, 0xfe, 0x80])],
          [path, "2 MiB of one word", JSON.stringify("x".repeat(2 * 1024 * 1024))],
        ] as const,
    ),
  )("POST %s with %s", async (path, _, body) => {
    const server = await startWorld();
    const answer = await server.ask(path, { method: "POST", body, headers: { "content-type": "application/json" } });
    expect(answer.status).toBeLessThan(500);
    expect([202, 400, 404, 413]).toContain(answer.status);
    await unharmed(server);
  });

  it("whatever bytes a form holds", async () => {
    const server = await startWorld();
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom("--onejob-test-boundary", "--onejob-test-boundary--", "\r\n", "\r\n\r\n", "spec", "bundle"),
        fc.constantFrom(
          'Content-Disposition: form-data; name="spec"',
          'Content-Disposition: form-data; name="bundle"; filename="b"',
        ),
        fc.constantFrom("Content-Type: application/json", '{"command":["x"]}', "Content-Transfer-Encoding: base64"),
        fc.string({ maxLength: 20 }),
      ),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(pieces, async (parts) => {
        const answer = await server.ask("/api/v1/jobs", { method: "POST", body: parts.join(""), headers: formType });
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 150 },
    );
    await unharmed(server);
  });

  it("whatever path and query are asked for", async () => {
    const server = await startWorld();
    const word = fc.string({ maxLength: 40 }).map(encodeURIComponent);
    await fc.assert(
      fc.asyncProperty(word, word, word, async (job, name, value) => {
        for (const path of [
          `/api/v1/jobs/${job}`,
          `/api/v1/jobs/${job}/logs?${name}=${value}`,
          `/api/v1/jobs?cursor=${value}&${name}=${value}`,
          `/api/v1/runners/${job}`,
        ]) {
          expect((await server.ask(path)).status).toBeLessThan(500);
        }
      }),
      { numRuns: 60 },
    );
    await unharmed(server);
  });

  it("whatever JSON an agent or a script sends", async () => {
    const server = await startWorld();
    const lease = server.ports.tokens.mint("lease", "small/nobody");
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (body) => {
        expect((await server.ask("/api/v1/jobs", { body: { command: body } })).status).toBeLessThan(500);
        expect((await server.ask("/agent/v1/enrol", { body: body ?? {} })).status).toBeLessThan(500);
        expect(
          (await server.ask("/agent/v1/report", { body: { attempt: 0, events: body }, bearer: lease })).status,
        ).toBeLessThan(500);
      }),
      { numRuns: 60 },
    );
    await unharmed(server);
  });
});

describe("slow clients", () => {
  it("loses the connection when a body does not arrive in time", async () => {
    const server = await startWorld({ deps: { limits: { bodyMs: 30 } } });
    const bytes = head([
      "POST /api/v1/drain HTTP/1.1",
      "host: x",
      authorised,
      "content-type: application/json",
      "content-length: 10",
    ]);
    expect(await server.raw(`${bytes}{`)).not.toContain(" 202 ");
    await unharmed(server);
  });

  it("loses the connection when an upload stands still", async () => {
    const server = await startWorld({ deps: { limits: { uploadSilenceMs: 30 } } });
    const bytes = head([
      "POST /api/v1/jobs HTTP/1.1",
      "host: x",
      authorised,
      `content-type: ${formType["content-type"]}`,
      "content-length: 999",
    ]);
    expect(await server.raw(`${bytes}--onejob-test-boundary\r\n`)).not.toContain(" 201 ");
    expect((await server.ports.ledger.listJobs({ limit: 1 })).items).toEqual([]);
    await unharmed(server);
  });

  it("loses the connection when an upload trickles, and so would never end", async () => {
    const server = await startWorld({ deps: { limits: { uploadSilenceMs: 40, uploadLeastBytes: 100 } } });
    const bytes = head([
      "POST /api/v1/jobs HTTP/1.1",
      "host: x",
      authorised,
      `content-type: ${formType["content-type"]}`,
      "content-length: 999999",
    ]);
    const socket = connect(server.port, "127.0.0.1", () => socket.write(bytes)).on("error", () => undefined);
    const trickle = setInterval(() => socket.write("x"), 5);
    // Not `once`: writing into a connection that is being cut off is no failure here.
    await new Promise((resolve) => socket.resume().on("close", resolve));
    clearInterval(trickle);
    await unharmed(server);
  });

  it("gets its answer before the end of its body, and is then not listened to for ever", async () => {
    const server = await startWorld({ deps: { limits: { lingerMs: 30 } } });
    const bytes = head([
      "POST /api/v1/jobs HTTP/1.1",
      "host: x",
      "content-type: application/json",
      "content-length: 999",
    ]);
    expect(await server.raw(`${bytes}{`)).toContain(" 401 ");
    await unharmed(server);
  });

  it("may go on with its connection after an answer that came before the end of its body", async () => {
    const server = await startWorld();
    const form = [
      "--onejob-test-boundary",
      'content-disposition: form-data; name="spec"',
      "",
      JSON.stringify({ command: ["true"] }),
      "--onejob-test-boundary",
      'content-disposition: form-data; name="other"; filename="other"',
      "",
      "x".repeat(8 * 1024 * 1024),
      "--onejob-test-boundary--",
      "",
    ].join("\r\n");
    const refused = head([
      "POST /api/v1/jobs HTTP/1.1",
      "host: x",
      authorised,
      `content-type: ${formType["content-type"]}`,
      `content-length: ${form.length}`,
    ]);
    const next = head(["GET /health HTTP/1.1", "host: x", "connection: close"]);
    const answers = await server.raw(`${refused}${form}${next}`);
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 400", "HTTP/1.1 200"]);
  });

  it("loses the connection when its head does not arrive in time", async () => {
    const server = await startWorld({ deps: { limits: { headersMs: 30, connectionCheckMs: 10 } } });
    expect(await server.raw("GET /health HTTP/1.1\r\nhost:")).toContain(" 408 ");
    await unharmed(server);
  });
});
