/**
 * Three projects, by what they need:
 * `unit` nothing but the sources; `e2e` the built program, driven as a process; `faults` kills it on purpose.
 */
const shared = {
  rootDir: import.meta.dirname,
  // Not dist: it holds no tests, but a second copy of every module.
  roots: ["<rootDir>/runtime", "<rootDir>/test"],
  testEnvironment: "node",
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }] },
};

/** `testTimeout` holds for all projects alike (Jest ignores it inside one), so longer limits come from a set-up file. */
const driven = (name) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  setupFilesAfterEnv: [`<rootDir>/test/${name}/time-limit.ts`],
});

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
      testPathIgnorePatterns: ["<rootDir>/test/(e2e|faults)/"],
    },
    driven("e2e"),
    driven("faults"),
  ],
};
