/** Whether machines get control groups here; asked once, and taken back as soon as one is refused. */
import type { Log } from "../../core/ports";
import { type Enforcement, type GroupBase, type GroupSupport, currentBase, groupOf, probe } from "./cgroup";
import { errorText } from "../../core/error-facts";

export interface ControlGroups {
  enforcement(): Enforcement;
  support(): GroupSupport | undefined;
  /** Where the machine's group is to be; `null`: there are no groups here. */
  pathFor(machine: string): string | null;
  /** One was refused: from now on nothing is claimed. */
  giveUp(error: unknown): void;
}

export interface ControlGroupOptions {
  /** `null`: do without. Absent: find out. */
  readonly base?: GroupBase | null;
  /** How to end processes without a group. */
  readonly otherwise: "marker" | "group";
  readonly log: Log;
}

export function controlGroups(options: ControlGroupOptions): ControlGroups {
  const base = options.base === undefined ? currentBase() : (options.base ?? undefined);
  let known: { readonly support: GroupSupport | undefined } | undefined;
  const support = () => (known ??= { support: base === undefined ? undefined : probe(base) }).support;
  return {
    support,
    enforcement() {
      const found = support();
      if (found === undefined) return { memory: false, cpu: false, kill: options.otherwise };
      return { memory: found.memory, cpu: found.cpu, kill: "cgroup" };
    },
    pathFor: (machine) => (base === undefined || support() === undefined ? null : groupOf(base, machine)),
    giveUp(error) {
      known = { support: undefined };
      options.log.warn("control groups are refused; limits are not enforced from now on", { error: errorText(error) });
    },
  };
}
