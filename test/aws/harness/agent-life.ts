/** What runs on a machine of a running fleet: from its boot to the end of the machine, whoever ends it. */
import type { Clock } from "../../../runtime/core/ports";
import type { Instance } from "./instance";

export interface AgentLife {
  readonly instance: Instance;
  readonly fleet: string;
  /** Public address of the function `agent`. */
  readonly agentUrl: string;
  readonly clock: Clock;
  /** Aborted when the machine ends. */
  readonly signal: AbortSignal;
  /** Says that it only waits: for others, or for time to go by. */
  rests(): void;
  /** As `poweroff` does, by the launch template's word. */
  powerOff(): Promise<void>;
}

/** Resolves when nothing runs there any more. What it throws once its machine has ended is nobody's concern. */
export type AgentProgram = (life: AgentLife) => Promise<void>;
