/** The fake itself: its parts put together, and everything a test does with it. `index.ts` says how it is used. */
import { Actions } from "./actions";
import type { JobSpec, RunSpec } from "./actions";
import type { CallLog } from "./call-log";
import { answerControl } from "./control-routes";
import type { Delivery, DeliveryFaults, DeliveryFate, Parcel } from "./deliveries";
import { Deliveries } from "./deliveries";
import type { AppSpec, GroupSpec, TokenSpec } from "./directory";
import { Directory } from "./directory";
import type { HttpReply, HttpRequest } from "./http-server";
import { HttpServer } from "./http-server";
import type { InjectedFault } from "./injected-faults";
import { ListenerService } from "./listener-routes";
import type { App, Hook, Installation, Job, Run, Runner, RunnerGroup } from "./model";
import type { FakeGitHubOptions, Options } from "./options";
import { withDefaults } from "./options";
import { Refusal, toJson } from "./reply";
import { RestApi } from "./rest-api";
import { appRoutes } from "./routes/apps";
import { deliveryRoutes } from "./routes/deliveries";
import { metaRoutes } from "./routes/meta";
import { runRoutes } from "./routes/runs";
import { runnerRoutes } from "./routes/runners";
import { Scheduler } from "./scheduler";
import type { ListenerFault } from "./sessions";
import { Sessions } from "./sessions";
import { Webhooks } from "./webhooks";
import { answerWebsite } from "./website";
import { latestJobs, World } from "./world";

export class FakeGitHub {
  private readonly options: Options;
  private readonly world: World;
  private readonly directory: Directory;
  private readonly deliverer: Deliveries;
  private readonly sessions: Sessions;
  private readonly scheduler: Scheduler;
  private readonly actions: Actions;
  private readonly api: RestApi;
  private readonly listeners: ListenerService;
  private readonly server = new HttpServer((request) => this.answer(request));

  constructor(options: FakeGitHubOptions = {}) {
    this.options = withDefaults(options);
    this.world = new World(this.options);
    this.directory = new Directory(this.world);
    this.deliverer = new Deliveries(this.world);
    this.sessions = new Sessions(this.world);
    this.scheduler = new Scheduler(this.world, {
      deliver: (runner, job) => this.sessions.tell(runner, { type: "job", job: job.id }),
      takeBack: (runner, job) => this.sessions.takeBack(runner, job),
    });
    this.actions = new Actions(this.world, new Webhooks(this.world, this.deliverer), {
      changed: () => this.scheduler.run(),
      cancelled: (job, runner) => this.sessions.cancelled(job, runner),
    });
    this.sessions.join({ actions: this.actions, scheduler: this.scheduler });
    this.listeners = new ListenerService(this.world, this.sessions);
    this.api = new RestApi(this.world, [
      ...metaRoutes(this.world),
      ...appRoutes(this.world, this.directory),
      ...deliveryRoutes(this.world, this.deliverer),
      ...runnerRoutes(this.world, (runner) => this.sessions.remove(runner)),
      ...runRoutes(this.world, this.actions),
    ]);
  }

  async start(): Promise<this> {
    this.world.url = await this.server.start(this.options.port);
    return this;
  }

  /** Rejects when the fake itself failed, or said something that GitHub's published description does not allow. */
  async stop(): Promise<void> {
    this.sessions.closeAll();
    await this.server.stop();
    await this.deliverer.stop();
    const [violation] = this.api.violations;
    if (violation !== undefined) throw new Error(`the fake GitHub is wrong: ${violation}`);
  }

  /** `http://127.0.0.1:PORT`: what stands as `url` in the configuration. */
  get url(): string {
    return this.world.url;
  }

  /** `…/api/v3`. */
  get apiUrl(): string {
    return this.world.apiUrl;
  }

  /** Every call of the REST API. */
  get calls(): CallLog {
    return this.api.calls;
  }

  // What stands still.

  addOrganization(login: string): void {
    this.directory.account(login);
  }

  /** `owner/name`; the owner is made, as an organisation, when it is not known. Private unless told otherwise. */
  addRepository(fullName: string, options: { readonly isPrivate?: boolean } = {}): void {
    this.directory.repository(fullName, options);
  }

  addRunnerGroup(organization: string, name: string, spec?: GroupSpec): RunnerGroup {
    return this.directory.group(organization, name, spec);
  }

  addApp(spec?: AppSpec): App {
    return this.directory.app(spec);
  }

  /** On all repositories of the account, or on those named. */
  installApp(app: App, account: string, repositories?: readonly string[]): Installation {
    return this.directory.install(app, account, repositories);
  }

  uninstallApp(installation: Installation): void {
    this.directory.uninstall(installation);
  }

  suspendInstallation(installation: Installation): void {
    installation.suspendedAt = this.world.now();
  }

  unsuspendInstallation(installation: Installation): void {
    installation.suspendedAt = null;
  }

  /** A personal token, as text. */
  addToken(spec: TokenSpec): string {
    return this.directory.personalToken(spec).token;
  }

  /** Ends one token, or all installation tokens. */
  expireTokens(token?: string): void {
    for (const one of this.world.tokens.values()) {
      if (token === undefined ? one.kind === "installation" : one.token === token) one.expiresAt = this.world.now();
    }
  }

  /** The code that `POST /app-manifests/{code}/conversions` takes, once. */
  addManifest(manifest?: Parameters<Directory["manifest"]>[0]): string {
    return this.directory.manifest(manifest);
  }

  /** Webhook of a repository (`owner/name`) or an organisation. Its address and secret may be assigned later. */
  addHook(scope: string, spec: Parameters<Directory["hook"]>[1]): Hook {
    return this.directory.hook(scope, spec);
  }

  /** The app's own webhook. */
  hookOf(app: App): Hook {
    const hook = this.world.hookOf(app);
    if (hook === undefined) throw new Error(`${app.slug} has no webhook`);
    return hook;
  }

  // Work.

  /** Queues a run; with `fork` it is a pull request from there. */
  queueRun(fullName: string, spec: RunSpec): Run {
    const repository = this.directory.repository(fullName);
    if (spec.fork === undefined) {
      return this.actions.queueRun({
        repository,
        head: repository,
        actor: this.directory.account("octocat", "User"),
        spec,
      });
    }
    const head = this.directory.repository(spec.fork, { fork: true, isPrivate: false });
    return this.actions.queueRun({ repository, head, actor: head.owner, spec });
  }

  /** A run of one job. */
  queueJob(fullName: string, job: JobSpec & Omit<RunSpec, "jobs"> = {}): Job {
    const [made] = this.queueRun(fullName, { ...job, jobs: [job] }).jobs;
    if (made === undefined) throw new Error("a run has jobs");
    return made;
  }

  approve(job: Job): void {
    this.actions.approve(job);
  }

  cancelRun(run: Run): void {
    this.actions.cancelRun(run);
  }

  /** What the button on the website does: a new job with a new id. */
  rerunJob(job: Job): Job {
    return this.actions.rerun(job);
  }

  /** Nothing is assigned any more, until `resumeAssignment`: a runner that nobody wants. */
  pauseAssignment(): void {
    this.scheduler.paused = true;
  }

  resumeAssignment(): void {
    this.scheduler.paused = false;
    this.scheduler.run();
  }

  // What there is.

  get runs(): readonly Run[] {
    return [...this.world.runs.values()];
  }

  get jobs(): readonly Job[] {
    return [...this.world.jobs.values()];
  }

  job(id: number): Job {
    const job = this.world.jobs.get(id);
    if (job === undefined) throw new Error(`no job ${id}`);
    return job;
  }

  get apps(): readonly App[] {
    return this.world.apps;
  }

  get runners(): readonly Runner[] {
    return [...this.world.runners.values()];
  }

  /** Attempts to deliver webhooks, newest first. */
  get deliveries(): readonly Delivery[] {
    return this.deliverer.records;
  }

  latestJobs(run: Run): readonly Job[] {
    return latestJobs(run);
  }

  /** Resolves as soon as it holds; asked again after every change, call and delivery. */
  when(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.world.watchers.delete(look);
        resolve();
      };
      this.world.watchers.add(look);
      look();
    });
  }

  /** Resolves when no webhook is being sent. Late ones do not count. */
  settled(): Promise<void> {
    return this.deliverer.settled();
  }

  // What goes wrong.

  set deliveryFaults(faults: DeliveryFaults) {
    this.deliverer.faults = faults;
  }

  /** Decides the fate of each delivery by hand; `undefined` leaves it to `deliveryFaults`. */
  set decideDelivery(decide: (parcel: Parcel) => DeliveryFate | undefined) {
    this.deliverer.decide = decide;
  }

  /** `deprecated`: their version is too old (exit 7 or 1); `terminated`: they end at once (exit 1). */
  set listenerFault(fault: ListenerFault) {
    this.sessions.fault = fault;
  }

  /** Makes the REST API fail. */
  inject(fault: InjectedFault): void {
    this.api.faults.add(fault);
  }

  clearFaults(): void {
    this.api.faults.clear();
    this.deliverer.faults = {};
    this.deliverer.decide = () => undefined;
    this.sessions.fault = undefined;
  }

  /** GitHub's clock differs from the real one by so much. Its answers say so in `Date`. */
  set clockOffsetMs(ms: number) {
    this.world.clockOffsetMs = ms;
  }

  private async answer(request: HttpRequest): Promise<HttpReply | null> {
    const { pathname } = request.url;
    try {
      if (pathname.startsWith("/_fake/")) return await this.answerPrivately(request);
      const page = request.method === "POST" ? answerWebsite(request, this.directory) : null;
      if (page !== null) return page;
      return await this.api.answer({ ...request, path: pathname.replace(/^\/api\/v3(?=\/)/, "") });
    } catch (error) {
      if (!(error instanceof Refusal)) this.api.violations.push(errorText(error));
      throw error;
    }
  }

  private async answerPrivately({ method, url, text, onClose }: HttpRequest): Promise<HttpReply> {
    const [, , side, ...path] = url.pathname.split("/");
    const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    const reply =
      side === "listener"
        ? await this.listeners.answer({ method, path, body, onClose })
        : await answerControl(this, { name: [side, ...path].join("/"), body });
    this.world.moved();
    const answer = reply.body === undefined ? "" : toJson(reply.body);
    return { status: reply.status, headers: { "content-type": "application/json" }, text: answer };
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
