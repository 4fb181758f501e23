/** Why no listener can run on this machine, as the server needs to hear it. */
export class ListenerRefusal extends Error {
  /** `misconfigured`: a person must change something. `boot-failing`: another try may do. */
  readonly reason: "misconfigured" | "boot-failing";

  constructor(reason: ListenerRefusal["reason"], detail: string, options: { cause?: unknown } = {}) {
    super(detail, options);
    this.name = "ListenerRefusal";
    this.reason = reason;
  }
}
