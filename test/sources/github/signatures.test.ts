import type { Delivery } from "../../../runtime/core/ports";
import type { GithubSourceSettings } from "../../../runtime/core/settings";
import { errorOf } from "./source-bench";
import { delivery, job, receiver, secret, sign, told } from "./webhook-parcels";

describe("a webhook's signature", () => {
  const body = told("queued");
  const codeOf = async (parcel: Delivery, changes: Partial<GithubSourceSettings> = {}) =>
    (await errorOf(receiver(changes).receive(parcel))).code;

  it.each([
    ["is missing", undefined],
    ["is empty", ""],
    ["is of the older kind", "sha1=0000000000000000000000000000000000000000"],
    ["is too short", sign(body).slice(0, -1)],
    ["is too long", `${sign(body)}0`],
    ["has a letter that is no digit", sign(body).replace(/.$/, "g")],
    ["has a letter of two units", sign(body).replace(/..$/, "\u{1F600}")],
    ["is there twice", `${sign(body)}, ${sign(body)}`],
    ["is of another body", sign(`${body} `)],
    ["is of another secret", sign(body, "guessed")],
    ["is of an empty secret", sign(body, "")],
  ])("that %s is refused", async (_case, signature) => {
    const { "x-hub-signature-256": _right, ...headers } = delivery(body).headers;
    const given = signature === undefined ? headers : { ...headers, "x-hub-signature-256": signature };
    expect(await codeOf({ ...delivery(body), headers: given })).toBe("bad-signature");
  });

  it("is looked at before the body: what is not JSON tells a stranger nothing", async () => {
    expect(await codeOf(delivery("{", { key: "guessed" }))).toBe("bad-signature");
    const form = delivery("payload=1", {
      key: "guessed",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(await codeOf(form)).toBe("bad-signature");
  });

  it("may be in upper case", async () => {
    const given = delivery(body, { headers: { "x-hub-signature-256": `sha256=${sign(body).slice(7).toUpperCase()}` } });
    expect((await receiver().receive(given)).kind).toBe("events");
  });

  it("is of the raw bytes, whatever is in them", async () => {
    const text = told("queued", { ...job, name: "Prüfung \u{1F680} \u0000 漢字" });
    expect((await receiver().receive(delivery(text))).kind).toBe("events");
  });

  it("may be made with the previous secret, while both are configured", async () => {
    const webhookSecrets = [{ env: "NEW" }, { env: "HOOK" }];
    const { bench, receive } = receiver({ webhookSecrets });
    bench.secrets.set("NEW", "the next secret, ключ");
    expect((await receive(delivery(body))).kind).toBe("events");
    expect((await receive(delivery(body, { key: "the next secret, ключ" }))).kind).toBe("events");
    expect((await errorOf(receive(delivery(body, { key: "a third" })))).code).toBe("bad-signature");
  });

  it("fits nothing where no secret is configured", async () => {
    const error = await errorOf(receiver({ webhookSecrets: [] }).receive(delivery(body, { key: "" })));
    expect(error.code).toBe("bad-signature");
    expect(error.message).toContain("no webhookSecrets");
  });

  it("fits no empty secret, however it got there", async () => {
    const { bench, receive } = receiver();
    bench.secrets.set("HOOK", "");
    expect((await errorOf(receive(delivery(body, { key: "" })))).code).toBe("bad-signature");
  });

  it("is checked against the other secrets when one cannot be read", async () => {
    const webhookSecrets = [{ file: "gone" }, { env: "HOOK" }];
    expect((await receiver({ webhookSecrets }).receive(delivery(body))).kind).toBe("events");
    await expect(receiver({ webhookSecrets }).receive(delivery(body, { key: "x" }))).rejects.toThrow(
      "a webhook secret of gh cannot be read",
    );
  });

  it("never shows the secret or the right signature", async () => {
    const error = await errorOf(receiver().receive(delivery(body, { key: "guessed" })));
    expect(JSON.stringify([error.message, error.toBody()])).not.toContain(secret);
    expect(JSON.stringify([error.message, error.toBody()])).not.toContain(sign(body).slice(7));
  });
});

describe("a webhook's form", () => {
  it.each(["application/x-www-form-urlencoded", "text/plain", "", "application/jsonp"])(
    "%j is refused, with what to choose at GitHub",
    async (type) => {
      const error = await errorOf(receiver().receive(delivery(told("queued"), { headers: { "content-type": type } })));
      expect(error.code).toBe("bad-media-type");
      expect(error.message).toContain("application/json");
    },
  );

  it("may name its character set", async () => {
    const headers = { "content-type": "application/json; charset=utf-8" };
    expect((await receiver().receive(delivery(told("queued"), { headers }))).kind).toBe("events");
  });

  it("without the name of its event is refused", async () => {
    const { "x-github-event": _event, ...headers } = delivery(told("queued")).headers;
    expect((await errorOf(receiver().receive({ ...delivery(told("queued")), headers }))).code).toBe("bad-request");
  });
});
