/**
 * What changed in this process, told to whoever waits for it: held heartbeats, followed logs, the event stream.
 * In memory and best effort: the ledger stays the truth, so whoever is told looks there, and nobody relies on a change
 * to come. No flow knows of it; it listens where records are written.
 */
import type { Job, Runner } from "../../core/model";
import type { Files, Ledger, Log, Written } from "../../core/ports";
import type { Change, Changes } from "../http/changes";

export type { Change, Changes } from "../http/changes";

export function inProcessChanges({ log }: { readonly log: Pick<Log, "error"> }): Changes {
  const listeners = new Set<(change: Change) => void>();
  const subscribe = (listener: (change: Change) => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    subscribe,
    publish(change) {
      for (const listener of [...listeners]) {
        try {
          listener(change);
        } catch (error) {
          // The write it speaks of is done: whoever wrote must not be told otherwise.
          log.error("a listener to changes failed", { change: change.kind, error });
        }
      }
    },
    wait: (match, timeoutMs, signal) => waitFor(subscribe, { match, timeoutMs, signal }),
  };
}

interface Waiting {
  readonly match: (change: Change) => boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

function waitFor(subscribe: Changes["subscribe"], { match, timeoutMs, signal }: Waiting): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (matched: boolean): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener("abort", onAbort);
      resolve(matched);
    };
    const onAbort = (): void => end(false);
    const timer = setTimeout(() => end(false), timeoutMs);
    const unsubscribe = subscribe((change) => {
      if (match(change)) end(true);
    });
    signal.addEventListener("abort", onAbort);
  });
}

/** The same ledger, which tells of each job and runner it wrote. */
export function observedLedger(ledger: Ledger, changes: Pick<Changes, "publish">): Ledger {
  const job = async (written: Promise<Written<Job>>): Promise<Written<Job>> => {
    const outcome = await written;
    if (outcome.written) changes.publish({ kind: "job", job: outcome.record });
    return outcome;
  };
  const runner = async (written: Promise<Written<Runner>>): Promise<Written<Runner>> => {
    const outcome = await written;
    if (outcome.written) changes.publish({ kind: "runner", runner: outcome.record });
    return outcome;
  };
  return {
    createJob: (record) => job(ledger.createJob(record)),
    saveJob: (record) => job(ledger.saveJob(record)),
    createRunner: (record) => runner(ledger.createRunner(record)),
    saveRunner: (record) => runner(ledger.saveRunner(record)),
    dropJob: (...args) => ledger.dropJob(...args),
    readJob: (...args) => ledger.readJob(...args),
    listJobs: (...args) => ledger.listJobs(...args),
    findJobs: (...args) => ledger.findJobs(...args),
    readRunner: (...args) => ledger.readRunner(...args),
    readProfile: (...args) => ledger.readProfile(...args),
    readPlanner: (...args) => ledger.readPlanner(...args),
    savePlanner: (...args) => ledger.savePlanner(...args),
    listProfiles: () => ledger.listProfiles(),
    readUnrouted: () => ledger.readUnrouted(),
    readFleet: () => ledger.readFleet(),
    saveFleet: (...args) => ledger.saveFleet(...args),
    saveEnrolment: (...args) => ledger.saveEnrolment(...args),
    readEnrolment: (...args) => ledger.readEnrolment(...args),
    dropEnrolment: (...args) => ledger.dropEnrolment(...args),
    remember: (...args) => ledger.remember(...args),
    readNote: (...args) => ledger.readNote(...args),
    saveNote: (...args) => ledger.saveNote(...args),
    due: (...args) => ledger.due(...args),
    purge: (...args) => ledger.purge(...args),
  };
}

/** The same files, which tell of each log that grew. */
export function observedFiles(files: Files, changes: Pick<Changes, "publish">): Files {
  return {
    async appendLog(job, offset, data) {
      const size = await files.appendLog(job, offset, data);
      changes.publish({ kind: "log", job, size });
      return size;
    },
    putBundle: (...args) => files.putBundle(...args),
    openBundle: (...args) => files.openBundle(...args),
    dropBundle: (...args) => files.dropBundle(...args),
    readLog: (...args) => files.readLog(...args),
    logSize: (...args) => files.logSize(...args),
    dropLog: (...args) => files.dropLog(...args),
  };
}
