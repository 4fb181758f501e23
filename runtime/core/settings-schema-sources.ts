/** What the settings may say of each kind of source: one sub-schema per kind. */
import type { GroupNode, ListNode } from "./settings-node";
import { name, path, secretSchema } from "./settings-schema-parts";

const apiSource = {
  type: "object",
  title: "source `api`",
  description: "Jobs from `onejob submit` and the HTTP API. Always there and always named `api`, listed or not.",
  additionalProperties: false,
  required: ["name", "kind"],
  properties: {
    name: { ...name, title: "name", description: "Name of the source: `api`.", examples: ["api"] },
    kind: { type: "string", const: "api", title: "kind", description: "Where the jobs come from." },
  },
} as const satisfies GroupNode;

const scopes = {
  type: "array",
  title: "scopes",
  description:
    "Organisations and repositories whose jobs are ours, and where runners are registered: an organisation for all of its repositories, or single repositories. A user's own repositories are listed one by one.",
  minItems: 1,
  maxItems: 100,
  items: {
    type: "string",
    title: "scope",
    description: "One organisation or repository.",
    pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,38}(/(?!\\.{1,2}$)(?!.*\\.(git|wiki)$)[A-Za-z0-9._-]{1,100})?$",
    rule: "`org` or `owner/repo`",
    examples: ["acme/widgets"],
  },
} as const satisfies ListNode;

const auth = {
  type: "object",
  title: "auth",
  description: "Who we are at GitHub: an app (`appId` and `privateKey`), or a token (`token`).",
  guarded: true,
  sample: "{ token: { env: GH_TOKEN } }",
  additionalProperties: false,
  properties: {
    appId: {
      type: "integer",
      title: "app id",
      description: "Id of the GitHub App, from its settings page.",
      preset: "none, with a token",
      guarded: true,
      examples: [12_345],
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
    },
    privateKey: {
      ...secretSchema,
      title: "private key",
      description: "Where a private key of the app is kept, as the PEM file GitHub gives.",
      preset: "none, with a token",
      sample: "{ file: ./app.pem }",
    },
    token: {
      ...secretSchema,
      title: "token",
      description: "Where a personal access token is kept. Its requests count against its owner's limit of GitHub.",
      preset: "none, with an app",
    },
  },
} as const satisfies GroupNode;

const webhookSecrets = {
  type: "array",
  title: "webhook secrets",
  description:
    "Where the secrets are kept that GitHub signs its webhooks with. The first is the current one, the rest are still accepted: so one can be changed without a gap.",
  preset: "none",
  guarded: true,
  sample: "[{ env: GH_WEBHOOK_SECRET }]",
  maxItems: 10,
  items: { ...secretSchema, sample: "{ env: GH_WEBHOOK_SECRET }" },
} as const satisfies ListNode;

const recovery = {
  type: "object",
  title: "recovery",
  description: "How often what got lost is looked for. Shorter times find it sooner and ask GitHub more.",
  additionalProperties: false,
  properties: {
    deliveries: {
      type: "string",
      title: "lost deliveries",
      description: "Time between two looks for webhooks that never reached us, to have them sent again (apps only).",
      default: "5m",
      duration: { min: "1s", max: "1d" },
    },
    runners: {
      type: "string",
      title: "left-over runners",
      description: "Time between two looks for runners that are registered there and gone here.",
      default: "15m",
      duration: { min: "1s", max: "1d" },
    },
    jobs: {
      type: "string",
      title: "missed jobs",
      description: "Time between two looks for jobs that no webhook told us of.",
      default: "10m",
      duration: { min: "1s", max: "1d" },
    },
  },
} as const satisfies GroupNode;

const runner = {
  type: "object",
  title: "runner",
  description: "GitHub's own runner program on the machine: a folder that holds it, or a version to install.",
  additionalProperties: false,
  properties: {
    path: {
      ...path,
      title: "path",
      description:
        "A folder on the machine that holds `bin/Runner.Listener`; each job gets a copy. A relative path starts at the config file's folder. Keep it up to date: GitHub refuses old versions.",
      preset: "it is installed",
      rule: "path of a folder",
      examples: ["/opt/actions-runner"],
    },
    version: {
      type: "string",
      title: "version",
      description: "The version to install, once, to be kept; `latest` stays up to date by itself.",
      default: "latest",
      pattern: "^(latest|[0-9]{1,5}\\.[0-9]{1,5}\\.[0-9]{1,5})$",
      rule: "`latest`, or a version like `2.338.0`",
    },
    releasesUrl: {
      type: "string",
      title: "address of the releases",
      description: "The API that knows the releases of `actions/runner`; another one for a mirror.",
      default: "https://api.github.com",
      guarded: true,
      format: "api-url",
      rule: "`https://` (`http://` on loopback only), without query or user",
    },
  },
} as const satisfies GroupNode;

export const githubSource = {
  type: "object",
  title: "source `github`",
  description: "Jobs of GitHub Actions: github.com, ghe.com, or a GitHub Enterprise Server.",
  additionalProperties: false,
  required: ["name", "kind", "scopes", "auth"],
  properties: {
    name: {
      ...name,
      title: "name",
      description:
        "Name of the source, unique. Webhooks go to `/webhooks/<name>`. A renamed source counts as a new one.",
      examples: ["gh"],
    },
    kind: { type: "string", const: "github", title: "kind", description: "Where the jobs come from." },
    url: {
      type: "string",
      title: "address",
      description: "Where GitHub's web pages are; the address of its API follows from it.",
      default: "https://github.com",
      guarded: true,
      format: "forge-url",
      rule: "`https://` and a host (`http://` on loopback only), without path, query or user; not the API",
    },
    scopes,
    runnerGroup: {
      type: "string",
      title: "runner group",
      description:
        "Runner group that organisations' runners join; it says which repositories may use them. Without effect for repositories.",
      default: "Default",
      pattern: "^[^\\p{Cc}]+$",
      maxLength: 255,
      rule: "1 to 255 characters",
    },
    auth,
    webhookSecrets,
    intake: {
      type: "string",
      enum: ["webhook", "poll", "both"],
      title: "intake",
      description:
        "How we hear of jobs: by webhooks, which need an address GitHub can reach; by asking (`poll`), which needs none; or both.",
      preset: "`both` with `webhookSecrets`, else `poll`; `webhook` for a fleet on AWS",
      examples: ["poll"],
    },
    poll: {
      type: "object",
      title: "poll",
      description: "How GitHub is asked for jobs; without effect for `intake: webhook`.",
      additionalProperties: false,
      properties: {
        interval: {
          type: "string",
          title: "interval",
          description: "Time between two questions. Shorter ones start jobs sooner and use up more of GitHub's limit.",
          default: "15s",
          duration: { min: "1s", max: "1h" },
        },
      },
    },
    recovery,
    trust: {
      type: "string",
      const: "same-user",
      title: "trust",
      description:
        "`same-user` lets its jobs run on compute `process` of a server that is not root: whoever may change a workflow there may then read and change everything this user can. Jobs from forks never run so.",
      preset: "none: its jobs wait for compute that separates them",
    },
    runner,
  },
} as const satisfies GroupNode;

export const sourceKinds = [apiSource, githubSource] as const satisfies readonly GroupNode[];
