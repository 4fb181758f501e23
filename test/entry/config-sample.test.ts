import { readConfigText } from "../../runtime/entry/local/config-file";

/** The sample that users, scripts and other tools were promised, letter by letter. */
const sample = `# onejob.yaml   unknown key = error; a secret is {env: NAME} | {file: PATH} | {ssm: NAME}
version: 1
server: { listen: "127.0.0.1:7433", maxRunners: 8, maxWebhookBytes: 1048576 }
defaultProfile: small                # for jobs submitted with neither label nor profile
sources:
  - name: gh
    kind: github
    url: "http://127.0.0.1:4010"     # https required unless loopback; no path
                                     # API: github.com -> api.github.com; x.ghe.com -> api.x.ghe.com; else <url>/api/v3
    scopes: ["acme/widgets"]         # org or owner/repo; decides where runners are registered
    runnerGroup: Default
    auth: { appId: 12345, privateKey: { file: ./app.pem } }    # or { token: { env: GH_TOKEN } }
    webhookSecrets: [{ env: GH_WEBHOOK_SECRET }]               # first is current, the rest still accepted
    intake: both                     # webhook | poll | both
    poll: { interval: 15s }
    trust: same-user                 # needed to run a forge's jobs on process compute as the same user
    runner: { path: /opt/actions-runner }    # holds bin/Runner.Listener; else { version: latest }
profiles:
  - name: small
    labels: [self-hosted, linux, x64]
    compute: { kind: process }       # or { kind: docker, image: "debian:12", socket: /run/x.sock }
    limits: { maxRunners: 8, memoryMiB: 2048, cpus: 1 }
    timeouts: { boot: 30s, idle: 60s, job: 6h, queued: 24h }
    priority: 0
sweep: { interval: 5s }              # 1s or more
lease: { duration: 30s }
retention: { finished: 7d, logsMiB: 1024 }
`;

const machine = { os: "linux", arch: "x64" };

describe("the sample of the interface", () => {
  it("is accepted as printed, and means what it says", () => {
    expect(readConfigText(sample, machine)).toMatchObject({
      ok: true,
      settings: {
        server: { listen: "127.0.0.1:7433", maxRunners: 8, maxWebhookBytes: 1_048_576 },
        defaultProfile: "small",
        sources: [
          { name: "api", kind: "api" },
          {
            name: "gh",
            kind: "github",
            url: "http://127.0.0.1:4010",
            scopes: ["acme/widgets"],
            runnerGroup: "Default",
            auth: { kind: "app", appId: 12_345, privateKey: { file: "./app.pem" } },
            webhookSecrets: [{ env: "GH_WEBHOOK_SECRET" }],
            intake: "both",
            poll: { intervalMs: 15_000 },
            trust: "same-user",
            runner: { path: "/opt/actions-runner" },
          },
        ],
        profiles: [
          {
            name: "small",
            labels: ["self-hosted", "linux", "x64"],
            compute: { kind: "process" },
            limits: { maxRunners: 8, memoryMiB: 2_048, cpus: 1 },
            timeouts: { bootMs: 30_000, idleMs: 60_000, jobMs: 21_600_000, queuedMs: 86_400_000 },
            priority: 0,
          },
        ],
        sweep: { intervalMs: 5_000 },
        lease: { durationMs: 30_000 },
        retention: { finishedMs: 604_800_000, logsMiB: 1_024 },
      },
    });
  });

  it.each([
    ["auth: { appId: 12345, privateKey: { file: ./app.pem } }", "auth: { token: { env: GH_TOKEN } }"],
    ["compute: { kind: process }", 'compute: { kind: docker, image: "debian:12", socket: /run/x.sock }'],
    ["runner: { path: /opt/actions-runner }", "runner: { version: latest }"],
    ['scopes: ["acme/widgets"]', 'scopes: ["acme"]'],
    ["intake: both", "intake: poll"],
    ["{ env: GH_WEBHOOK_SECRET }", "{ ssm: /onejob/webhook-secret }"],
  ])("may say instead of `%s`: `%s`", (from, to) => {
    expect(sample).toContain(from);
    expect(readConfigText(sample.replace(from, to), machine)).toMatchObject({ ok: true });
  });
});
