/**
 * Names of what the processes of a fleet share as secrets. In the ledger each is a partition of its own, so that a policy
 * can keep them from functions that have no use for them.
 */
export const anySecret = "SECRET#";

/** What machines' tokens are signed with: whoever holds it is every machine. */
export const agentKeySecret = `${anySecret}agent-key`;

/** What sources share, above all tokens of forges. */
export const sourceSecrets = `${anySecret}source/`;
