/** Brings a job at the far side to where a test wants it. */
import type { JobEvent, JobFacts } from "../../runtime/core/events";
import { farOf, queueOne, runs, type SourceWorld } from "./source-world";

export const stands = [
  "queued",
  "waiting",
  "approved",
  "running",
  "taken elsewhere",
  "succeeded",
  "failed",
  "cancelled",
  "cancelled while it ran",
] as const;
export type Stand = (typeof stands)[number];

/** As it is told. */
export const told: Readonly<Record<Stand, Partial<JobEvent>>> = {
  queued: { kind: "queued", runnerName: null, succeeded: null },
  waiting: { kind: "waiting", runnerName: null, succeeded: null },
  approved: { kind: "queued", runnerName: null, succeeded: null },
  running: { kind: "started", runnerName: "onejob-a", succeeded: null },
  "taken elsewhere": { kind: "started", runnerName: "theirs", succeeded: null },
  succeeded: { kind: "finished", runnerName: "onejob-a", succeeded: true },
  failed: { kind: "finished", runnerName: "onejob-a", succeeded: false },
  cancelled: { kind: "cancelled", runnerName: null, succeeded: null },
  "cancelled while it ran": { kind: "cancelled", succeeded: null },
};

export async function bringTo(stand: Stand, world: SourceWorld): Promise<JobFacts> {
  const far = farOf(world);
  const job = queueOne(world, { held: stand === "waiting" || stand === "approved" });
  switch (stand) {
    case "queued":
    case "waiting":
      return job;
    case "approved":
      far.approve(job);
      return job;
    case "taken elsewhere":
      await (await far.listen(await far.stranger("theirs"))).take();
      return job;
    case "cancelled":
      far.cancelThere(job);
      return job;
    case "running":
      await runs(world);
      return job;
    default:
      return endAfterRunning(stand, { job, world });
  }
}

async function endAfterRunning(
  stand: "succeeded" | "failed" | "cancelled while it ran",
  { job, world }: { job: JobFacts; world: SourceWorld },
): Promise<JobFacts> {
  const { listener } = await runs(world);
  if (stand === "cancelled while it ran") farOf(world).cancelThere(job);
  const conclusions = { succeeded: "success", failed: "failure", "cancelled while it ran": "cancelled" } as const;
  await listener.finish(conclusions[stand]);
  return job;
}

/** What every word on a job says about it. A webhook does not know whose code it is. */
export function named({ key, source, host, id, scope, group, labels, createdAt, origin }: JobFacts) {
  const { repository, run } = origin ?? { repository: null, run: null };
  return { key, source, host, id, scope, group, labels, createdAt, repository, run };
}
