/** What the door for webhooks promises for every body, signed or not: nobody from outside can make it break or lie. */
import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { OnejobError } from "../../../runtime/core/errors";
import type { Parsed } from "../../../runtime/core/events";
import type { Delivery } from "../../../runtime/core/ports";
import { noon } from "../../fixtures/records";
import { delivery, job, receiver, secret, sign, told } from "./webhook-parcels";

const { receive } = receiver({ scopes: ["acme"], runnerGroup: "ci" });
const runs = { numRuns: 300 };

async function answer(parcel: Delivery): Promise<Parsed | OnejobError> {
  try {
    return await receive(parcel);
  } catch (error) {
    if (error instanceof OnejobError) return error;
    throw error;
  }
}

function codeOf(outcome: Parsed | OnejobError): string | undefined {
  return outcome instanceof OnejobError ? outcome.code : undefined;
}

const right = Buffer.from(told("queued"));
const texts = fc.string({ unit: "binary", maxLength: 30 });
const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 3 });

/** A right body with some bytes taken out and others put in. */
const damaged = fc
  .tuple(fc.nat(right.length), fc.nat(8), fc.uint8Array({ maxLength: 8 }))
  .map(([at, length, more]) => Buffer.concat([right.subarray(0, at), more, right.subarray(at + length)]));

/** A right payload with one value, or one of its job's, replaced. */
const strange = fc
  .tuple(fc.constantFrom("action", "workflow_job", "repository", ...Object.keys(job)), json)
  .map(([key, value]) => {
    const change = { [key]: value };
    return Buffer.from(key in job ? told("completed", { ...job, ...change }) : told("queued", job, change));
  });

const bodies = fc.oneof(
  damaged,
  strange,
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  json.map((value) => Buffer.from(JSON.stringify(value))),
);
const events = fc.oneof(fc.constantFrom("workflow_job", "workflow_run", "ping"), texts);

describe("whatever is signed", () => {
  it("is understood, ignored, or refused as the sender's mistake", async () => {
    const types = fc.oneof(fc.constant("application/json"), texts);
    await fc.assert(
      fc.asyncProperty(bodies, events, types, async (body, event, type) => {
        const outcome = await answer(delivery(body, { event, headers: { "content-type": type } }));
        if (!(outcome instanceof OnejobError)) return;
        expect(outcome.entry.httpStatus >= 400 && outcome.entry.httpStatus < 500).toBe(true);
        expect(outcome.entry.retry).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("is called not UTF-8, or not JSON, exactly where it is", async () => {
    // A parser quotes what it cannot read: its words must not be taken for its own.
    const misleading = fc
      .constantFrom("encoded", "The encoded data was not valid", "{UTF-8")
      .map((text) => Buffer.from(text));
    await fc.assert(
      fc.asyncProperty(fc.oneof(bodies, misleading), async (body) => {
        const outcome = await answer(delivery(body));
        const said = outcome instanceof OnejobError ? outcome.message : "";
        expect(said.includes("not UTF-8")).toBe(!isUtf8(body));
        expect(said.includes("not JSON")).toBe(isUtf8(body) && !isJson(body.toString("utf8")));
      }),
      runs,
    );
  });

  it("is not quoted in what is said about it", async () => {
    const canary = "hunter2canary";
    const around = fc.constantFrom(
      `"${canary}"`,
      `{"${canary}":1}`,
      canary,
      `["${canary}"`,
      `{"action":{"${canary}":1}}`,
    );
    const inside = fc
      .constantFrom("id", "run_id", "labels")
      .map((key) => told("queued", { ...job, [key]: { canary } }));
    const named = fc.constantFrom(told("queued", job, { repository: { full_name: canary } }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(around, inside, named), async (body) => {
        const outcome = await answer(delivery(body));
        expect(outcome instanceof OnejobError && outcome.message.includes(canary)).toBe(false);
      }),
      runs,
    );
  });
});

function isJson(text: string): boolean {
  try {
    // A mark of the byte order belongs to the encoding.
    JSON.parse(text.replace(/^\ufeff/, ""));
    return true;
  } catch {
    return false;
  }
}

describe("what is not rightly signed", () => {
  const flipped = fc.nat(right.length * 8 - 1).map((bit) => {
    const body = Buffer.from(right);
    body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return body;
  });

  it("is refused whatever is in it", async () => {
    const signatures = fc.oneof(
      texts,
      fc.stringMatching(/^sha256=[0-9a-f]{64}$/),
      texts.filter((key) => key !== secret).map((key) => sign(right, key)),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(bodies, fc.constant(right)), signatures, async (body, signature) => {
        const headers = { "x-hub-signature-256": signature };
        expect(codeOf(await answer(delivery(body, { headers })))).toBe("bad-signature");
      }),
      runs,
    );
  });

  it("is refused after the change of a single bit, in the body or in the signature", async () => {
    await fc.assert(
      fc.asyncProperty(flipped, fc.nat(255), async (body, bit) => {
        const headers = { "x-hub-signature-256": sign(right) };
        expect(codeOf(await answer(delivery(body, { headers })))).toBe("bad-signature");
        const bytes = Buffer.from(sign(right).slice(7), "hex");
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const other = { "x-hub-signature-256": `sha256=${bytes.toString("hex")}` };
        expect(codeOf(await answer(delivery(right, { headers: other })))).toBe("bad-signature");
      }),
      runs,
    );
  });
});

/** Ids of any size GitHub can come to, written as numbers. */
const id = fc.bigInt({ min: 1n, max: (1n << 64n) - 1n });
const word = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => !/[\p{C}\u2028\u2029]/u.test(text));

const said = fc.record({
  id,
  run_id: id,
  name,
  workflow_name: name,
  labels: fc.array(name, { maxLength: 5 }),
  runner_name: fc.option(word),
  run_attempt: fc.integer({ min: 1, max: 50 }),
});
const extras = fc.dictionary(
  fc.oneof(fc.constantFrom("__proto__", "constructor", "steps", "sender"), fc.string({ unit: "binary", maxLength: 6 })),
  json,
  { maxKeys: 4 },
);

/** JSON with whole numbers of any size, keys in any order, and more of them than we know. */
function jsonText(given: object, { more, turned }: { readonly more: object; readonly turned: boolean }): string {
  const own = Object.entries(given);
  const others = Object.entries(more).filter(([key]) => !Object.hasOwn(given, key));
  const pairs = (turned ? [...others, ...own].reverse() : [...own, ...others]).map(
    ([key, value]) => `${JSON.stringify(key)} :\n${rawText(value)}`,
  );
  return `{${pairs.join(" ,\t")}}`;
}

interface Raw {
  readonly raw: string;
}
const rawText = (value: unknown): string => {
  if (typeof value === "bigint") return String(value);
  return isRaw(value) ? value.raw : JSON.stringify(value);
};
const isRaw = (value: unknown): value is Raw => typeof value === "object" && value !== null && "raw" in value;

describe("a webhook of a job", () => {
  it("says the same however it is written, with ids to the last digit", async () => {
    const written = fc.record({ more: extras, aside: extras, turned: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(said, word, written, async (given, repo, { more, aside, turned }) => {
        const workflow_job: Raw = { raw: jsonText(given, { more, turned }) };
        const full_name = `Acme/${repo}`;
        const body = jsonText(
          { action: "queued", workflow_job, repository: { full_name } },
          { more: aside, turned: !turned },
        );
        const parsed = await receive(delivery(body));
        expect(parsed).toMatchObject({ kind: "events", events: [{ kind: "queued", at: noon, runnerName: null }] });
        const facts = parsed.kind === "events" ? parsed.events[0]?.facts : undefined;
        expect(facts).toMatchObject({
          key: `gh/github.com/${given.id}`,
          id: String(given.id),
          origin: { repository: full_name, run: String(given.run_id), fork: null },
          name: `${given.workflow_name} / ${given.name}`.slice(0, 200),
          labels: given.labels,
          scope: "acme",
          group: "ci",
        });
      }),
      runs,
    );
  });

  it("is ignored when it is of an event we do not know, whatever it holds", async () => {
    const others = texts.filter((event) => !["ping", "workflow_job", "workflow_run"].includes(event));
    await fc.assert(
      fc.asyncProperty(others, fc.dictionary(texts, json), async (event, payload) => {
        const parsed = await receive(delivery(JSON.stringify(payload), { event }));
        expect(parsed).toEqual({ kind: "ignored", reason: "unknown-event" });
      }),
      runs,
    );
  });
});
