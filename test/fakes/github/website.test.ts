import { FakeGitHub } from ".";
import { ask, signJwt } from "./rest-client";

let fake: FakeGitHub;
const seconds = () => Math.floor(Date.now() / 1000);

beforeEach(async () => {
  fake = await new FakeGitHub().start();
});
afterEach(() => fake.stop());

describe("an app manifest", () => {
  it("becomes an app, once", async () => {
    const code = fake.addManifest({ name: "Onejob at acme", hookUrl: "http://127.0.0.1:1/webhooks/gh" });
    const call = `POST /app-manifests/${code}/conversions`;
    const { status, body } = await ask(fake, call);
    expect(status).toBe(201);
    const jwt = signJwt(String(body.pem), { iss: body.id, iat: seconds(), exp: seconds() + 60 });
    expect(await ask(fake, "GET /app/hook/deliveries", { token: jwt })).toMatchObject({ status: 200 });
    expect(await ask(fake, call)).toMatchObject({ status: 404 });
  });

  const manifest = {
    name: "Onejob",
    url: "https://example.com",
    redirect_url: "http://127.0.0.1:9/done",
    hook_attributes: { url: "http://127.0.0.1:9/webhooks/gh" },
    default_permissions: { actions: "read", administration: "write" },
    default_events: ["workflow_job"],
  };
  const submit = (given: object) =>
    fetch(`${fake.url}/organizations/acme/settings/apps/new?state=abc`, {
      method: "POST",
      body: new URLSearchParams({ manifest: JSON.stringify(given) }),
      redirect: "manual",
    });

  it("is posted by a browser, which comes back with the code and the state", async () => {
    const answer = await submit(manifest);
    expect(answer.status).toBe(302);
    const back = new URL(answer.headers.get("location") ?? "");
    expect([back.pathname, back.searchParams.get("state")]).toEqual(["/done", "abc"]);
    const { body } = await ask(fake, `POST /app-manifests/${back.searchParams.get("code")}/conversions`);
    expect(body).toMatchObject({ name: "Onejob", owner: { login: "acme" }, permissions: manifest.default_permissions });
    expect(fake.apps.map((app) => fake.hookOf(app).url)).toEqual([manifest.hook_attributes.url]);
  });

  it.each([
    ["no url", { url: undefined }],
    ["nowhere to go back to", { redirect_url: undefined }],
    ["a long name", { name: "x".repeat(35) }],
    ["events it has no permission for", { default_permissions: {} }],
  ])("is refused with %s", async (_, wrong) => {
    expect((await submit({ ...manifest, ...wrong })).status).toBe(422);
  });
});
