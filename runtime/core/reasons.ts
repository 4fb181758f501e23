/**
 * Why a job waits, or how it ended: one code, one sentence, one remedy.
 * The same words serve the log, the CLI, the API and the docs.
 */
export interface Reason {
  /** What happened, to be read after the job's name. */
  readonly what: string;
  /** What the reader can do about it. */
  readonly fix: string;
}

export const reasons = {
  "no-matching-profile": {
    what: "no profile has all the labels this job asks for",
    fix: "run `onejob config explain --labels …` to see the nearest profile, then correct the label or add it to a profile",
  },
  "at-profile-cap": {
    what: "the profile already runs as many runners as its limit allows",
    fix: "wait for a runner to finish, or raise profiles[].limits.maxRunners",
  },
  "at-fleet-cap": {
    what: "the server already runs as many runners as its limit allows",
    fix: "wait for a runner to finish, raise server.maxRunners, or end a drain with `onejob drain --resume`",
  },
  "no-capacity": {
    what: "the compute has no machine of this kind at the moment",
    fix: "it is tried again by itself; allow more machine types or zones to wait less",
  },
  quota: {
    what: "an account or machine quota is used up",
    fix: "raise the quota named in the detail; it is tried again by itself",
  },
  throttled: {
    what: "the compute or the source asked us to slow down",
    fix: "nothing: it is tried again by itself",
  },
  misconfigured: {
    what: "the compute, the source or the runner program refused as wrong, not as busy",
    fix: "correct what the detail names, then run `onejob doctor`; launching resumes by itself",
  },
  "boot-failing": {
    what: "several machines in a row started but never reported",
    fix: "look at `onejob runners list` and the machine's image or network; one probe is made every 15 minutes",
  },
  "runner-not-eligible": {
    what: "runners come up but the source gives them no job",
    fix: "check the runner group and labels at the source; one probe is made every 15 minutes",
  },
  "waiting-for-approval": {
    what: "the source holds the job back: an approval, or its concurrency group",
    fix: "approve it at the source, or wait for the others",
  },
  "untrusted-on-process": {
    what: "a job from outside may not run on a compute that is no wall",
    fix: "do what the detail says; what comes from a fork runs on compute that isolates only, such as docker",
  },
  "source-unreachable": {
    what: "the source does not answer",
    fix: "check the source's address and credentials with `onejob doctor`",
  },
  "boot-timeout": {
    what: "the machine did not report in time after it was launched",
    fix: "raise profiles[].timeouts.boot if machines are slow, else look at the machine's log",
  },
  "idle-timeout": {
    what: "the runner waited for a job and none came",
    fix: "nothing: an idle runner is stopped by design",
  },
  "job-timeout": {
    what: "the job ran longer than it may",
    fix: "raise the job's --timeout or profiles[].timeouts.job",
  },
  "queue-timeout": {
    what: "no runner could be had before the queue time-out",
    fix: "run `onejob why` on a waiting job to see what holds it, or raise profiles[].timeouts.queued",
  },
  "agent-lost": {
    what: "the machine died or went silent while the job ran",
    fix: "submit it again, or use --retries so that this happens by itself",
  },
  "cancelled-by-user": { what: "somebody cancelled it", fix: "run `onejob rerun` to start it again" },
  "cancelled-by-source": { what: "it was cancelled at the source, or deleted there", fix: "re-run it at the source" },
  interrupted: {
    what: "the machine was taken away while the job ran",
    fix: "profiles of compute ec2 run it again by themselves (compute.onInterruption); elsewhere run it again, or use --retries",
  },
  "command-failed": { what: "the command ended with an error", fix: "read the job's log: `onejob logs`" },
  "bundle-refused": {
    what: "the packed working folder breaks a rule",
    fix: "remove what the detail names (or list it in .gitignore) and submit again",
  },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof reasons;
export const reasonCodes = Object.keys(reasons) as ReasonCode[];
