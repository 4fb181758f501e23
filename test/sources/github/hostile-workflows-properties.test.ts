/** What workflows may put into a webhook: their authors choose names and labels, and a signature proves only the sender. */
import fc from "fast-check";
import { OnejobError } from "../../../runtime/core/errors";
import type { JobEvent } from "../../../runtime/core/events";
import { noon } from "../../fixtures/records";
import { delivery, job, receiver, told } from "./webhook-parcels";

const runs = { numRuns: 300 };
const texts = fc.string({ unit: "binary", maxLength: 30 });

/** The longest names that GitHub and the settings allow. */
const repository = { full_name: `${"o".repeat(39)}/${"r".repeat(200)}` };
const { receive } = receiver({ name: "n".repeat(64), scopes: ["o".repeat(39)], runnerGroup: "\u{1F680}".repeat(255) });

const said = (action: string, changes: object): string => told(action, { ...job, ...changes }, { repository });

/** Texts that grow when they are written as JSON: quotes, escapes, halves of characters, wide characters. */
const growing = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('"', "\\", "\ud800", "漢", "\u{1F680}", "\u007f", "\u202e", "x"), fc.nat(maxLength))
    .map(([letter, count]) => letter.repeat(count));
const hostile = fc
  .record({
    name: growing(5_000),
    workflow_name: growing(300),
    labels: fc.array(growing(4_096), { maxLength: 3 }),
    html_url: growing(600).map((text) => `https://x/${text}`),
    runner_name: growing(400),
    started_at: fc.option(fc.oneof(texts, anyTime())),
    completed_at: fc.option(fc.oneof(texts, anyTime())),
    created_at: fc.option(fc.oneof(texts, anyTime())),
    conclusion: fc.constantFrom("success", "failure", "cancelled", "skipped", null, "new"),
  })
  .chain((changes) =>
    fc.constantFrom("queued", "waiting", "in_progress", "completed").map((action) => said(action, changes)),
  );

function anyTime(): fc.Arbitrary<string> {
  return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(8e12) }).map((date) => date.toISOString());
}

/** `undefined`: refused. */
async function eventIn(body: string): Promise<JobEvent | undefined> {
  try {
    const parsed = await receive(delivery(body, { headers: { "x-github-delivery": "d".repeat(128) } }));
    if (parsed.kind === "events") return parsed.events[0];
  } catch (error) {
    if (error instanceof OnejobError && error.code === "bad-request") return undefined;
    throw error;
  }
  throw new Error("it was taken for none of our business");
}

const bytesOf = (event: JobEvent | undefined): number => Buffer.byteLength(JSON.stringify(event ?? null));

describe("a hostile workflow", () => {
  it("makes no event of more than 8 KB, however its texts grow as JSON", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (body) => {
        const event = await eventIn(body);
        expect(bytesOf(event)).toBeLessThanOrEqual(8_192);
      }),
      runs,
    );
  });

  it("fits into 8 KB with everything as long as it may be", async () => {
    const wide = "漢".repeat(300);
    const times = { started_at: "2026-11-21T11:59:00Z", completed_at: "2026-11-21T11:59:50Z" };
    const ids = { id: "9".repeat(20), run_id: "9".repeat(20) };
    const labels = ['"'.repeat(1_948), ...Array.from({ length: 99 }, () => "")];
    const changes = { name: wide, labels, html_url: `https://x/${"y".repeat(490)}`, runner_name: wide };
    const event = await eventIn(said("completed", { ...ids, ...times, ...changes }));
    expect(event?.facts).toMatchObject({ labels, url: changes.html_url });
    expect(bytesOf(event)).toBeLessThanOrEqual(8_192);
  });

  it("is refused when its labels are longer than they may be once they are JSON", async () => {
    expect(await eventIn(said("queued", { labels: ['"'.repeat(2_050)] }))).toBeUndefined();
  });

  it("brings nothing into the event that steers a terminal, and no half characters", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (body) => {
        const { facts, runnerName } = (await eventIn(body)) ?? {};
        const shown = [facts?.name ?? "", facts?.url ?? "", runnerName ?? "", ...(facts?.labels ?? [])];
        expect(shown.filter((text) => /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text))).toEqual([]);
      }),
      runs,
    );
  });

  it("has its times believed only so far: nothing is later than heard of, and no end before its start", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (body) => {
        const event = await eventIn(body);
        if (event === undefined) return;
        expect(event.receivedAt).toBe(noon);
        expect(event.at <= noon && event.at >= noon - 600_000).toBe(true);
        expect(event.facts.createdAt).toBeLessThanOrEqual(noon);
        expect(event.startedAt ?? event.at).toBeLessThanOrEqual(event.at);
      }),
      runs,
    );
  });
});
