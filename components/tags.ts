/** What every resource of a fleet carries, so that costs, policies and people can tell whose it is. */
export type Tags = Readonly<Record<string, string>>;

/** Policies let functions end only machines with this tag. */
export const fleetTag = "onejob:fleet";

export function fleetTags(fleet: string, own: Tags = {}): Tags {
  return { ...own, [fleetTag]: fleet };
}
