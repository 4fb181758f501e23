/**
 * A GitHub for tests: real HTTP on 127.0.0.1, written from GitHub's published description and judged by it.
 *
 * ```ts
 * const fake = await new FakeGitHub({ random: seededRandom(7) }).start();
 * fake.addRepository("acme/widgets");                                   // private; its organisation is made with it
 * const token = fake.addToken({ kind: "classic", scopes: ["repo"] });   // or addApp + installApp
 * fake.addHook("acme/widgets", { url: receiver, secret: "s3cret" });    // an app brings its own: addApp({ webhook })
 * const folder = await makeRunnerFolder(somewhere);                     // bin/Runner.Listener, the stand-in
 * const job = fake.queueJob("acme/widgets", { labels: ["self-hosted", "linux"], script: "make test" });
 * await fake.when(() => job.status === "completed");
 * console.log(fake.calls.perJob(1));
 * await fake.stop();
 * ```
 *
 * Configure the product with `url: fake.url`; the REST API stands at `fake.apiUrl` (`…/api/v3`), and at the root.
 *
 * **What it promises.** It has the endpoints of the interface description and answers 404 to all else. Each response
 * and each webhook is checked against the published schemas; one that does not conform is answered with 500 and makes
 * `stop()` reject, so stop it in every test. Refusals carry GitHub's own words. What it is asked stands in `calls`.
 *
 * **Assignment.** Any queued job goes to any idle runner in scope whose labels contain the job's, chosen by `random`,
 * whoever registered the runner for what. A job that its runner does not fetch in `pickUpMs` is queued again. Runners
 * that may run one job disappear after it (`lingerMs` later). `flagLagMs` lets the shown `busy` and `status` be old;
 * DELETE refuses by the truth.
 *
 * **Webhooks** are sent in order, one at a time for each hook, unless `deliveryFaults` (shares: lost, untried, doubled,
 * late, reordered) or `decideDelivery` (for each one by hand) say otherwise. `lost` ones stand in
 * `/app/hook/deliveries` as failed, `untried` ones nowhere. With `environment` a job is told as `queued` (its payload
 * says `waiting`), then `waiting`; `approve(job)` tells `queued` again.
 *
 * **Failures** of the REST API: `inject({ on: "POST /orgs/{org}/…", status: 502, times: 3 })`; without `status` the
 * connection breaks; `afterwards: true` carries the request out and loses the answer. `expireTokens`, `uninstallApp`,
 * `suspendInstallation`, `clockOffsetMs`, `listenerFault`, and the options `primaryLimit` and `secondaryLimit` do the
 * rest.
 *
 * **An app by manifest**: `POST /organizations/{org}/settings/apps/new` (or `/settings/apps/new`) takes the browser's
 * form and leads back with a code, or `addManifest` makes one; the app then stands in `apps`, to be installed.
 *
 * **Time and chance** are options. With a `ManualTime` nothing due happens before `advance`; only sockets stay real.
 *
 * **From other processes**: `POST /_fake/control/<name>` with a JSON object: state, calls, queue-run, queue-job,
 * approve, cancel-run, rerun-job, pause-assignment, resume-assignment, delivery-faults, inject, clear-faults, settled.
 *
 * **Helpers for tests**: `WebhookReceiver` (the other end of a webhook) and `BareListener` (takes jobs without a
 * process).
 *
 * **The stand-in listener** does what the real one does as far as its starter can see: commands `run` and `configure`,
 * inputs in `ACTIONS_RUNNER_INPUT_*` (a secret in the arguments is refused), the hooks
 * `ACTIONS_RUNNER_HOOK_JOB_STARTED` and `…_COMPLETED`, the printed lines, `_diag`, `_work`, a `Runner.Worker` child.
 * Exit 0 after one job or an orderly leave, 1 when it may not start, 5 when its configuration is in use or used up,
 * 7 when its version is too old and `ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1` asks for it (else 1).
 */
export type { JobSpec, RunSpec } from "./actions";
export type { ListenerAnswer } from "./bare-listener";
export { BareListener } from "./bare-listener";
export type { CallLog, LoggedCall } from "./call-log";
export type { Delivery, DeliveryFate, DeliveryFaults, Parcel } from "./deliveries";
export type { AppSpec, GroupSpec, TokenSpec } from "./directory";
export { FakeGitHub } from "./fake-github";
export type { InjectedFault } from "./injected-faults";
export type {
  App,
  Conclusion,
  Hook,
  Installation,
  Job,
  JobStatus,
  Permissions,
  Run,
  Runner,
  RunnerGroup,
} from "./model";
export type { FakeGitHubOptions } from "./options";
export type { Random } from "./random";
export { seededRandom } from "./random";
export { makeRunnerFolder } from "./runner-folder";
export type { ListenerFault } from "./sessions";
export type { Time } from "./time";
export { ManualTime, realTime } from "./time";
export type { ReceivedWebhook } from "./webhook-receiver";
export { WebhookReceiver } from "./webhook-receiver";
