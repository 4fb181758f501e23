/** What an engine can do, as its `/info` tells. */

/** Which limits hold for the containers of an engine. */
export interface Enforcement {
  readonly memory: boolean;
  readonly cpu: boolean;
}
