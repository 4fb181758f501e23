/** The numbers of `docs/agent-protocol.md`: what the agent really waits and sends. */
import { defaultOptions } from "../../../agent/options";
import { idlePollMs, logChunkBytes, logLimitBytes, protocolVersion } from "../../../core/agent-protocol";
import { sizeText } from "../../../core/bundle-names";
import { formatDuration } from "../../../core/duration";
import { markdownTable } from "./markdown-table";

export function protocolTable(): string {
  const { backoff, ...options } = defaultOptions;
  const rows: readonly (readonly [string, string])[] = [
    ["version of the protocol", String(protocolVersion)],
    ["the server may hold a heartbeat's answer", formatDuration(options.heartbeatWaitMs)],
    ["pause between heartbeats of an idle agent when the server does not hold them", formatDuration(idlePollMs)],
    ["an answer must come within (on top of the time it may be held)", formatDuration(options.answerTimeoutMs)],
    [
      "pause after a failed request: first, longest",
      `${formatDuration(backoff.firstMs)}, ${formatDuration(backoff.maxMs)}`,
    ],
    ["an agent whose job has not started leaves when no server answers for", formatDuration(options.idleSilenceMs)],
    ["from SIGTERM to SIGKILL when a job is stopped", formatDuration(options.graceMs)],
    ["an interrupted agent tries to say goodbye for", formatDuration(options.farewellMs)],
    ["the result of an ended job is offered for", formatDuration(options.undeliveredMs)],
    ["output in one report, before base64", sizeText(logChunkBytes)],
    ["output kept of one attempt", sizeText(logLimitBytes)],
  ];
  return markdownTable(["what", "how much"], rows).join("\n");
}
