/**
 * The house rules a tool can hold. Who may import whom is held by `test/house.test.ts`.
 * Inline directives have no effect here: a rule that is wrong is changed in this file, for all.
 */
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

const sizes = {
  "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
  "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
  "max-params": ["error", 3],
};

const everywhere = [
  {
    selector: "ExportDefaultDeclaration, TSExportAssignment",
    message: "Named exports only: a name is found by search and stays the same in every file.",
  },
  {
    selector: "TSAsExpression > TSAsExpression[typeAnnotation.type='TSUnknownKeyword']",
    message: "`as unknown as` switches the type check off. Parse the value at the edge instead.",
  },
  {
    selector: ":function > Identifier.params:not(:first-child)[typeAnnotation.typeAnnotation.type='TSBooleanKeyword']",
    message: "No positional booleans: the caller's `true` says nothing. Take an object with a named field.",
  },
];

const clock = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: "Time comes in through the Clock port, so that tests and the simulator own it.",
  },
  {
    selector: ":matches(NewExpression[arguments.length=0], CallExpression)[callee.name='Date']",
    message: "Time comes in through the Clock port, so that tests and the simulator own it.",
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: "Randomness comes in through the Random port, so that a run can be repeated from its seed.",
  },
];

const logCall = "CallExpression[callee.property.name=/^(debug|info|warn|error|fatal)$/]";
const onLog = ":matches([callee.object.name='log'], [callee.object.property.name='log'])";
/** The port's own parameter name: a Log that wraps another passes its sentence on. */
const passedOn = "[arguments.0.name='sentence']";
const staticLog = {
  selector: `${logCall}${onLog}:not([arguments.0.type='Literal'], [arguments.0.expressions.length=0], ${passedOn})`,
  message: "A log sentence is a string literal, so that it can be searched for. What varies goes into the fields.",
};

const testing = [
  {
    selector: "MemberExpression[object.name='jest'][property.name=/^(mock|doMock|setMock|unstable_mockModule)$/]",
    message: "No module mocks: pass a fake port in.",
  },
  {
    selector:
      "MemberExpression[property.name=/^(skip|only|todo)$/]:matches([object.name=/^(it|test|describe)$/], [object.object.name=/^(it|test|describe)$/])",
    message: "No skipped, lone or planned tests: a test runs, or it is deleted.",
  },
  {
    selector: "CallExpression[callee.name=/^(fit|xit|fdescribe|xdescribe|xtest)$/]",
    message: "No skipped or lone tests: a test runs, or it is deleted.",
  },
];

const noIo = ["process", "console", "crypto", "performance", "fetch", "setTimeout", "setInterval", "setImmediate"];

export default defineConfig(
  globalIgnores(["dist/", "coverage/", "**/node_modules/"]),
  { linterOptions: { noInlineConfig: true } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { project: "tsconfig.lint.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...sizes,
      eqeqeq: ["error", "always", { null: "ignore" }],
      "prefer-const": "error",
      "no-restricted-syntax": ["error", ...everywhere, ...clock, staticLog],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // The types of Pulumi's packages need more memory than a linter gets; `npm run types` reads them, and these without.
    files: [
      "components/**/*.ts",
      "stacks/**/*.ts",
      "*.config.ts",
      "test/{components,stacks,imagebuilder}/**/*.ts",
      "test/fakes/pulumi-engine.ts",
      "test/fixtures/pulumi-*.ts",
    ],
    ...tseslint.configs.disableTypeChecked,
  },
  {
    files: ["runtime/{core,flow}/**"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...noIo.map((name) => ({
          name,
          message: "core and flow decide; what touches the world comes in through a port (runtime/core/ports.ts).",
        })),
      ],
    },
  },
  {
    // Programs of their own: here the real clock is made, or nobody is handed one.
    files: ["runtime/{entry,agent,cli}/**"],
    rules: { "no-restricted-syntax": ["error", ...everywhere, staticLog] },
  },
  {
    files: ["test/**"],
    rules: {
      // A `describe` is one function around all its tests.
      "max-lines-per-function": "off",
      "no-restricted-syntax": ["error", ...everywhere, ...testing],
    },
  },
  {
    // Tables, not code: splitting one by length would only make it harder to read.
    files: ["runtime/core/settings-schema.ts"],
    rules: { "max-lines": "off" },
  },
  {
    // Tools read their settings from the default export.
    files: ["*.config.{ts,mjs}"],
    rules: { "no-restricted-syntax": "off" },
  },
);
