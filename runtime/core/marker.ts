/**
 * The marks that every process of a machine carries in its environment. They are names, not secrets: whoever may read
 * a process's environment may know whose it is.
 */
export interface Marker {
  readonly launch: string;
  readonly runner: string;
  /** `agent`, or `job` for everything the agent starts. */
  readonly role: string;
  /** The folder of the server that made it: two servers on one machine must not take each other's for their own. */
  readonly home: string;
}

const names = {
  launch: "ONEJOB_LAUNCH",
  runner: "ONEJOB_RUNNER",
  role: "ONEJOB_ROLE",
  home: "ONEJOB_RUNNERS_DIR",
} as const;

export function markerVariables(marker: Marker): Readonly<Record<string, string>> {
  return {
    [names.launch]: marker.launch,
    [names.runner]: marker.runner,
    [names.role]: marker.role,
    [names.home]: marker.home,
  };
}

/** `environ`: NUL-separated, as the kernel shows it. */
export function parseMarker(environ: string): Marker | undefined {
  if (!environ.includes(`${names.runner}=`)) return undefined;
  const lines = environ.split("\0");
  const value = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  const marker = {
    launch: value(names.launch),
    runner: value(names.runner),
    role: value(names.role),
    home: value(names.home),
  };
  return marker.runner === "" ? undefined : marker;
}
