/** Every page, or part of one, that is made from the sources: `npm run docs` writes them, a test compares them. */
import { configReference, configReferencePath } from "./config-reference";
import { withBlocks } from "./doc-blocks";
import { describeHttp, httpReference, httpReferencePath } from "./http-reference";
import * as lifecycle from "./lifecycle-reference";
import { protocolTable } from "./protocol-reference";
import { errorTable, reasonTable } from "./reason-reference";

export interface GeneratedDoc {
  /** From the project's root. */
  readonly path: string;
  /** The page as it should be, from the page as it is ("" when there is none). */
  readonly render: (current: string) => string | Promise<string>;
}

const conceptBlocks = {
  "job states": lifecycle.jobDiagram,
  "runner states": lifecycle.runnerDiagram,
  "launch states": lifecycle.launchDiagram,
  timeline: lifecycle.stageTable,
  deadlines: lifecycle.deadlineTable,
};

export const generatedDocs: readonly GeneratedDoc[] = [
  { path: configReferencePath, render: () => configReference() },
  { path: httpReferencePath, render: async () => httpReference(await describeHttp()) },
  { path: "docs/concepts.md", render: (page) => withBlocks(page, conceptBlocks) },
  { path: "docs/agent-protocol.md", render: (page) => withBlocks(page, { numbers: protocolTable }) },
  {
    path: "docs/troubleshooting.md",
    render: (page) => withBlocks(page, { reasons: reasonTable, errors: errorTable }),
  },
];
