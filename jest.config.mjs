/**
 * Seven projects, by what they need:
 * `unit` nothing but the sources; `machines` real processes, users and sockets; `e2e` the built program, driven as a
 * process; `faults` kills it on purpose; `docker` a container engine; `aws` the built functions and `moto_server`;
 * `components` the built functions, for what a fleet declares on AWS.
 */

/** Packages that Jest cannot load as they are. */
const esmOnly =
  "(@octokit|universal-user-agent|universal-github-app-jwt|before-after-hook|toad-cache|json-with-bigint|content-type|cookie)";

const shared = {
  rootDir: import.meta.dirname,
  // Not dist: it holds no tests, but a second copy of every module.
  roots: ["<rootDir>/runtime", "<rootDir>/test"],
  testEnvironment: "node",
  transform: {
    "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }],
    [`/node_modules/${esmOnly}/.+\\.js$`]: "<rootDir>/test/house/esm-to-cjs.cjs",
  },
  transformIgnorePatterns: [`/node_modules/(?!${esmOnly}/)`],
  resolver: "<rootDir>/test/house/resolver.cjs",
};

/** Folders whose tests start processes and wait for them, or simulate many hours. */
const machines = "agent|compute|contract|fuzz|machine|fakes|simulation";

/** `testTimeout` holds for all projects alike (Jest ignores it inside one), so longer limits come from a set-up file. */
const driven = (name) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  setupFilesAfterEnv: [`<rootDir>/test/${name}/time-limit.ts`],
});

// Each process would say once that the SDK wants a later Node some day. What people run is tested with an environment of
// its own (`cli-program.test.ts`).
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

/** @type {import("jest").Config} */
export default {
  maxWorkers: 2,
  workerIdleMemoryLimit: "512MB",
  testTimeout: 15_000,
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: [`<rootDir>/test/(${machines}|e2e|faults|docker|aws|components|stacks)/`],
    },
    { ...shared, displayName: "machines", testMatch: [`<rootDir>/test/(${machines})/**/*.test.ts`] },
    driven("e2e"),
    driven("faults"),
    driven("docker"),
    {
      ...driven("aws"),
      globalSetup: "<rootDir>/test/aws/start-moto.cjs",
      globalTeardown: "<rootDir>/test/aws/stop-moto.cjs",
    },
    {
      ...driven("components"),
      testMatch: ["<rootDir>/test/(components|stacks)/**/*.test.ts"],
    },
  ],
};
