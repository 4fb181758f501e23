/** What a running fleet may be wished to be like. */
import type { FakeGitHubOptions } from "../../fakes/github";
import type { TableKind } from "../fleet-world";
import type { AgentProgram } from "./agent-life";

export interface RunningOptions {
  /** What runs on machines. @default an agent without processes that does its job */
  readonly agent?: AgentProgram;
  /** Further keys of the profile's compute. */
  readonly compute?: object;
  /** Further keys of the profile. */
  readonly profile?: object;
  /** Further keys of the settings, and of the source. */
  readonly base?: object;
  readonly source?: object;
  readonly github?: FakeGitHubOptions;
  /** `embedded`: for more calls than moto answers. @default "moto" */
  readonly table?: TableKind;
  /** How many functions take messages at once. @default 1 */
  readonly workers?: number;
  /** What failed comes again at once, not when the function wished it to. @default true */
  readonly hurries?: boolean;
  /** Each message is handed over twice, to two functions at once, in batches of other sizes. @default false */
  readonly doubles?: boolean;
  /** EC2's own events, as EventBridge hands them over. @default true */
  readonly tellsEvents?: boolean;
}
