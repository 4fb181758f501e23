/** Failures that a test asks the REST API for: a 502, a broken connection, an answer that is lost after the deed. */

export interface InjectedFault {
  /** Method and published path: `POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig`; absent: every call. */
  readonly on?: string;
  /** How many calls it meets. @default 1 */
  readonly times?: number;
  /** Answered instead; absent: the connection breaks. */
  readonly status?: number;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `true`: the request is carried out first, and only its answer is lost. @default false */
  readonly afterwards?: boolean;
  /** Waits so long before anything else. */
  readonly delayMs?: number;
}

export class InjectedFaults {
  private faults: { readonly fault: InjectedFault; left: number }[] = [];

  add(fault: InjectedFault): void {
    this.faults.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.faults = [];
  }

  /** The fault that this call meets, if any; it is used up by it. */
  take(call: string): InjectedFault | undefined {
    const found = this.faults.find(({ fault, left }) => left > 0 && (fault.on === undefined || fault.on === call));
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.fault;
  }
}
