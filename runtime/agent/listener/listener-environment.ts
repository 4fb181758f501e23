/**
 * What the listener is told. Everything goes through its environment, which it empties of these names at once:
 * arguments can be read by every user of the machine, and files stay.
 */
import type { ListenerCredential } from "../../core/agent-protocol";

type Environment = Readonly<Record<string, string>>;

/** Of both its commands. */
export const listenerBasics: Environment = {
  RUNNER_ALLOW_RUNASROOT: "1",
  // Else a version that the server does not take any more looks like any other failure.
  ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: "true",
};

/** For `run`. */
export function runInputs(credential: ListenerCredential): Environment {
  return credential.kind === "jit" ? { ACTIONS_RUNNER_INPUT_JITCONFIG: credential.config } : {};
}

/** For `configure`. */
export function configureInputs(credential: Extract<ListenerCredential, { kind: "registration" }>): Environment {
  const { url, token, name, group, labels } = credential;
  return {
    ACTIONS_RUNNER_INPUT_URL: url,
    ACTIONS_RUNNER_INPUT_TOKEN: token,
    ACTIONS_RUNNER_INPUT_NAME: name,
    ACTIONS_RUNNER_INPUT_LABELS: labels.join(","),
    ...(group === "" ? {} : { ACTIONS_RUNNER_INPUT_RUNNERGROUP: group }),
    // Else it would add its own to ours, and take jobs that were never meant for it. The name is one with dashes.
    "ACTIONS_RUNNER_INPUT_NO-DEFAULT-LABELS": "true",
    ACTIONS_RUNNER_INPUT_WORK: "_work",
    ACTIONS_RUNNER_INPUT_EPHEMERAL: "true",
    ACTIONS_RUNNER_INPUT_UNATTENDED: "true",
    ACTIONS_RUNNER_INPUT_DISABLEUPDATE: "true",
  };
}

/** What must not be seen of it anywhere. */
export function secretOf(credential: ListenerCredential): string {
  return credential.kind === "jit" ? credential.config : credential.token;
}
