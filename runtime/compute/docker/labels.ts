/** What containers and volumes of ours are called, and the labels they are known by. Names, not secrets. */
const names = {
  launch: "dev.onejob.launch",
  runner: "dev.onejob.runner",
  home: "dev.onejob.home",
  profile: "dev.onejob.profile",
  kit: "dev.onejob.kit",
} as const;

export type Labels = Readonly<Record<string, string>>;

export interface MachineMark {
  readonly launch: string;
  readonly runner: string;
  /** The server that made it: two servers on one engine must not take each other's for their own. */
  readonly home: string;
}

export function machineLabels({ launch, runner, home, profile }: MachineMark & { readonly profile: string }): Labels {
  return { [names.launch]: launch, [names.runner]: runner, [names.home]: home, [names.profile]: profile };
}

/** For the engine's own choice among its containers. */
export function machineFilter(home: string): readonly string[] {
  return [`${names.home}=${home}`, names.runner];
}

/** `undefined`: no machine of this server. */
export function machineMark(labels: Labels, home: string): MachineMark | undefined {
  const runner = labels[names.runner];
  if (runner === undefined || labels[names.home] !== home) return undefined;
  return { runner, home, launch: labels[names.launch] ?? "" };
}

export function containerName(runner: string): string {
  return `onejob-${runner}`;
}

export const kitPrefix = "onejob-kit-";

export function kitLabels(kit: string, home: string): Labels {
  return { [names.kit]: kit, [names.home]: home };
}

export const kitFilter: readonly string[] = [names.kit];

/** Which kit a container was made to fill, and for whom. */
export function kitMark(labels: Labels): { readonly kit: string; readonly home: string } | undefined {
  const kit = labels[names.kit];
  return kit === undefined ? undefined : { kit, home: labels[names.home] ?? "" };
}
