/** The source and the fake GitHub, brought together: with a token or an app, and somebody who takes the webhooks. */
import type { ListenerOrders } from "../../../runtime/core/agent-protocol";
import type { JobEvent } from "../../../runtime/core/events";
import type { Enrolment, Job, Reach, Runner } from "../../../runtime/core/model";
import type { JobSource } from "../../../runtime/core/ports";
import type { GithubSourceSettings } from "../../../runtime/core/settings";
import { githubSource } from "../../../runtime/sources/github";
import { BareListener, FakeGitHub, WebhookReceiver, type FakeGitHubOptions } from "../../fakes/github";
import { Bench, githubRunner } from "./source-bench";

const secret = "a webhook's secret";
export const labels = ["self-hosted", "linux"];

export class Meeting {
  readonly fake: FakeGitHub;
  readonly receiver = new WebhookReceiver();
  bench = new Bench("http://127.0.0.1:1");
  source: JobSource = githubSource(this.bench.options);

  constructor(options: FakeGitHubOptions = {}) {
    this.fake = new FakeGitHub(options);
  }

  async start(): Promise<this> {
    await this.fake.start();
    await this.receiver.start();
    this.fake.addRepository("acme/widgets");
    return this;
  }

  async stop(): Promise<void> {
    await this.fake.settled();
    await this.receiver.stop();
    await this.fake.stop();
  }

  byToken(changes: Partial<GithubSourceSettings> = {}): this {
    this.fake.addHook("acme/widgets", { url: this.receiver.url, secret });
    return this.open(changes, ["GH_TOKEN", this.fake.addToken({ kind: "classic", scopes: ["repo", "admin:org"] })]);
  }

  byApp(changes: Partial<GithubSourceSettings> = {}) {
    const app = this.fake.addApp({ webhook: { url: this.receiver.url, secret } });
    const installation = this.fake.installApp(app, "acme");
    const auth = { kind: "app", appId: app.id, privateKey: { file: "app.pem" } } as const;
    this.open({ auth, ...changes }, ["app.pem", app.privateKey]);
    return { app, installation };
  }

  private open(changes: Partial<GithubSourceSettings>, [name, value]: [string, string]): this {
    this.bench = new Bench(this.fake.url, changes);
    this.bench.now = Date.now();
    this.bench.secrets.set(name, value);
    this.source = githubSource({ ...this.bench.options, timeoutMs: 10_000 });
    return this;
  }

  /** Everything that reached us so far, as the source understands it. */
  async heard(): Promise<readonly JobEvent[]> {
    await this.fake.settled();
    const events: JobEvent[] = [];
    for (const { headers, text } of this.receiver.received) {
      const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      const delivery = { id: "d", headers: plain, body: Buffer.from(text), receivedAt: Date.now() };
      const parsed = await this.source.receive(delivery);
      if (parsed.kind === "events") events.push(...parsed.events);
    }
    return events;
  }

  reach(scope = "acme/widgets", group = ""): Reach {
    return { source: "gh", host: new URL(this.fake.url).host, scope, group, labels };
  }

  enrol(id = "a", reach = this.reach()): Promise<Enrolment> {
    return this.source.enrol(reach, { id, name: `onejob-${id}` });
  }

  runner(id = "a"): Runner {
    return githubRunner({ id, reach: this.reach() });
  }

  /** What is known here after an event, as far as the source looks at it. */
  known({ facts }: JobEvent, state: Job["state"]): Job {
    const { key, host, id, scope, origin } = facts;
    return this.bench.job({ key, host, id, scope, origin, state });
  }
}

export async function listen({ payload }: Enrolment): Promise<BareListener> {
  const { credential } = JSON.parse(payload) as ListenerOrders;
  if (credential.kind !== "jit") throw new Error("not a JIT configuration");
  return BareListener.connect(credential.config);
}
