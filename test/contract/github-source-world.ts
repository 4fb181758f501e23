/** The source `github` before the fake GitHub, as tests of the contract move both: no time passes but by `pass`. */
import { createHmac } from "node:crypto";
import type { ListenerOrders } from "../../runtime/core/agent-protocol";
import type { JobFacts } from "../../runtime/core/events";
import type { Enrolment, Reach } from "../../runtime/core/model";
import type { Delivery } from "../../runtime/core/ports";
import type { GithubSourceSettings } from "../../runtime/core/settings";
import { githubSource } from "../../runtime/sources/github";
import { BareListener, FakeGitHub, ManualTime, seededRandom, WebhookReceiver, type Job } from "../fakes/github";
import { ask } from "../fakes/github/rest-client";
import { someFacts } from "../fixtures/records";
import { Bench } from "../sources/github/source-bench";
import type { FarJobSpec, FarSide, Listener, SourceWorld, Trouble, Webhooks } from "./source-world";

const secret = "a webhook's secret";
const labels = ["self-hosted", "linux"];
const repository = "acme/widgets";
const never = { id: "99999999999", run: "99999999998" };

/** What the two ways to speak to GitHub differ in. */
interface Way {
  readonly settings: Partial<GithubSourceSettings>;
  readonly secrets: readonly (readonly [name: string, value: string])[];
  readonly webhooks: boolean;
  /** Names of runner groups, as a reach says them. */
  readonly groups: ReadonlyMap<number, string>;
  /** Takes all rights away, or our access itself, or gives all back. */
  grant(rights: "all" | "none" | "no access"): void;
}

type MakeWay = (fake: FakeGitHub, parts: { receiver: WebhookReceiver; secrets: Map<string, string> }) => Way;

/** An app on an organisation, with a runner group and webhooks. */
export const byApp: MakeWay = (fake, { receiver }) => {
  const app = fake.addApp({ webhook: { url: receiver.url, secret } });
  const installation = fake.installApp(app, "acme");
  const { id: ci } = fake.addRunnerGroup("acme", "ci");
  const auth = { kind: "app", appId: app.id, privateKey: { file: "app.pem" } } as const;
  return {
    settings: { auth, scopes: ["acme"], runnerGroup: "ci" },
    secrets: [["app.pem", app.privateKey]],
    webhooks: true,
    groups: new Map([[ci, "ci"]]),
    grant(rights) {
      if (rights === "no access") fake.suspendInstallation(installation);
      else fake.unsuspendInstallation(installation);
      const before = installation.permissions;
      installation.permissions = rights === "none" ? { metadata: "read" } : app.permissions;
      // Tokens hold what they were made with.
      if (installation.permissions !== before) fake.expireTokens();
    },
  };
};

/** A token on a repository, which is asked again and again. */
export const byToken: MakeWay = (fake, { secrets }) => {
  let token = fake.addToken({ kind: "classic", scopes: ["repo"] });
  return {
    settings: { intake: "poll", webhookSecrets: [] },
    secrets: [["GH_TOKEN", token]],
    webhooks: false,
    groups: new Map([[1, ""]]),
    grant(rights) {
      fake.expireTokens(token);
      if (rights === "no access") return;
      token = fake.addToken(
        rights === "all" ? { kind: "classic", scopes: ["repo"] } : { kind: "fine-grained", permissions: {} },
      );
      secrets.set("GH_TOKEN", token);
    },
  };
};

export async function githubWorld(makeWay: MakeWay): Promise<SourceWorld> {
  // The app's own tokens are dated by the real clock, so this one begins there.
  const time = new ManualTime(Math.floor(Date.now() / 1_000) * 1_000);
  const fake = await new FakeGitHub({ time, random: seededRandom(7) }).start();
  const receiver = await new WebhookReceiver().start();
  fake.addRepository(repository);
  const secrets = new Map([["HOOK", secret]]);
  const way = makeWay(fake, { receiver, secrets });
  for (const [name, value] of way.secrets) secrets.set(name, value);
  const { options } = new Bench(fake.url, way.settings);
  const source = githubSource({
    ...options,
    clock: time,
    secret: (place) => Promise.resolve(secrets.get(String(Object.values(place)[0])) ?? ""),
    sleep: (ms) => Promise.resolve(time.advance(ms)),
    fetch: (...call) => far.answer(() => fetch(...call)),
    timeoutMs: 10_000,
  });
  const far: FarGithub = new FarGithub({ fake, time, way, receiver, settings: options.settings });
  return {
    source,
    reach: far.reach,
    neverWas: () => far.facts(never.id, never.run),
    far,
    close: async () => {
      await fake.settled();
      await receiver.stop();
      await fake.stop();
    },
  };
}

interface FarParts {
  readonly fake: FakeGitHub;
  readonly time: ManualTime;
  readonly way: Way;
  readonly receiver: WebhookReceiver;
  readonly settings: GithubSourceSettings;
}

class FarGithub implements FarSide {
  readonly reach: Reach;
  readonly webhooks: Webhooks | null;
  private readonly parts: FarParts;
  private readonly strangersToken: string;
  private untilLost = Infinity;

  constructor(parts: FarParts) {
    const { fake, settings, way } = parts;
    this.parts = parts;
    const [scope = ""] = settings.scopes;
    const group = scope.includes("/") ? "" : settings.runnerGroup;
    this.reach = { source: settings.name, host: new URL(fake.url).host, scope, group, labels };
    this.webhooks = way.webhooks ? new GithubWebhooks(parts) : null;
    this.strangersToken = fake.addToken({ kind: "classic", scopes: ["repo", "admin:org"] });
  }

  now(): number {
    return this.parts.time.now();
  }

  pass(ms: number): void {
    this.parts.time.advance(ms);
  }

  queue(...specs: readonly FarJobSpec[]): readonly JobFacts[] {
    const jobs = specs.map(({ held }) => ({ labels, ...(held === true ? { environment: "production" } : {}) }));
    const fork = specs.some((spec) => spec.fork === true) ? { fork: "mallory/widgets" } : {};
    return this.parts.fake.queueRun(repository, { jobs, ...fork }).jobs.map(({ id, run }) => this.facts(id, run.id));
  }

  facts(id: number | string, run: number | string): JobFacts {
    const { source, host, scope, group } = this.reach;
    return someFacts({
      ...{ source, host, scope, group, labels, id: String(id), key: `${source}/${host}/${id}` },
      ...{ work: null, createdAt: this.now(), origin: { repository, run: String(run), fork: null } },
    });
  }

  approve(job: JobFacts): void {
    this.parts.fake.approve(this.job(job));
  }

  cancelThere(job: JobFacts): void {
    this.parts.fake.cancelRun(this.job(job).run);
  }

  rerunThere(job: JobFacts): void {
    this.parts.fake.rerunJob(this.job(job));
  }

  async listen({ payload }: Enrolment): Promise<Listener> {
    const { credential } = JSON.parse(payload) as ListenerOrders;
    if (credential.kind !== "jit") throw new Error("not a JIT configuration");
    const listener = await BareListener.connect(credential.config);
    let taken = 0;
    return {
      take: async () => String((taken = await listener.take())),
      finish: async (conclusion) => expectGood(await listener.finish(taken, conclusion)),
      leave: async () => expectGood(await listener.disconnect()),
    };
  }

  async stranger(name: string): Promise<Enrolment> {
    const { fake } = this.parts;
    const { scope } = this.reach;
    const path = `/${scope.includes("/") ? "repos" : "orgs"}/${scope}/actions/runners/generate-jitconfig`;
    const body = { name, runner_group_id: 1, labels };
    const answer = await ask(fake, `POST ${path}`, { token: this.strangersToken, body });
    const config = answer.body.encoded_jit_config;
    return { executor: "github", payload: JSON.stringify({ credential: { kind: "jit", config } }), handle: null };
  }

  registered() {
    const { fake, way } = this.parts;
    return fake.runners.map(({ name, groupId, labels: asked, online }) => {
      return { name, group: way.groups.get(groupId) ?? "Default", labels: asked, online };
    });
  }

  break(trouble: Trouble): void {
    const { fake, way } = this.parts;
    if (trouble === "grants no right") way.grant("none");
    else if (trouble === "locks us out") way.grant("no access");
    else fake.inject({ times: Infinity, ...faults[trouble] });
  }

  repair(): void {
    this.untilLost = Infinity;
    this.parts.fake.clearFaults();
    this.parts.way.grant("all");
  }

  loseAnswer(nth: number): void {
    this.untilLost = nth;
  }

  setClockWrong(ms: number): void {
    this.parts.fake.clockOffsetMs = ms;
  }

  async answer(ask: () => Promise<Response>): Promise<Response> {
    const answer = await ask();
    this.untilLost -= 1;
    if (this.untilLost === 0) throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
    return answer;
  }

  private job({ id }: JobFacts): Job {
    return this.parts.fake.job(Number(id));
  }
}

const faults = {
  "is down": { status: 502, message: "Server Error" },
  "hangs up": {},
  "loses answers": { afterwards: true },
  "hides everything": { status: 404, message: "Not Found" },
  "is asked too much": {
    status: 403,
    message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    headers: { "retry-after": "90" },
  },
} as const;

function expectGood({ status, body }: { readonly status: number; readonly body: unknown }): void {
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
}

class GithubWebhooks implements Webhooks {
  private readonly parts: FarParts;
  private readonly taken = new Set<unknown>();

  constructor(parts: FarParts) {
    this.parts = parts;
    parts.receiver.answerWith = (webhook) => {
      this.taken.add(webhook);
      return 202;
    };
  }

  async arrived(): Promise<readonly Delivery[]> {
    const { fake, receiver } = this.parts;
    await fake.settled();
    return receiver.received
      .filter((webhook) => this.taken.has(webhook))
      .map(({ headers, text }) => this.delivery(Buffer.from(text), headers));
  }

  async fate(fate: "sent" | "doubled" | "lost" | "refused"): Promise<void> {
    const { fake, receiver } = this.parts;
    await fake.settled();
    fake.decideDelivery = () => (fate === "refused" ? "sent" : fate);
    receiver.answerWith = (webhook) => {
      if (fate === "refused") return 503;
      this.taken.add(webhook);
      return 202;
    };
  }

  madeUp(body: Uint8Array, signed: "rightly" | "wrongly" | "not at all"): Delivery {
    const key = signed === "rightly" ? secret : "a guess";
    const signature = `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
    const plain = { "x-github-event": "workflow_job", "x-github-delivery": "d-1", "content-type": "application/json" };
    return this.delivery(body, { ...plain, ...(signed === "not at all" ? {} : { "x-hub-signature-256": signature }) });
  }

  private delivery(body: Uint8Array, headers: Readonly<Record<string, unknown>>): Delivery {
    const plain = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    const receivedAt = this.parts.time.now();
    return { id: "received", headers: Object.fromEntries(plain) as Record<string, string>, body, receivedAt };
  }
}
