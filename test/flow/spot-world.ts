/** Worlds whose machines a compute takes back: the profile, the word of it, and what came of it. */
import type { ProfileSettings } from "../../runtime/core/settings";
import type { Warning } from "../../runtime/flow/interruption";
import { ec2Profile } from "../fixtures/ec2-profile";
import type { World } from "../fakes/flow-world";

export type Policy = "rerun" | "fail";

export function spotProfile(onInterruption: Policy = "rerun"): ProfileSettings {
  const timeouts = { bootMs: 30_000, idleMs: 60_000, jobMs: 3_600_000, queuedMs: 86_400_000, waitingMs: 86_400_000 };
  return { ...ec2Profile("small", { onInterruption }), labels: ["linux"], timeouts };
}

export async function warn(world: World, runner: string, of: Warning["of"] = "interruption"): Promise<void> {
  await world.ports.queue.send([{ kind: "warned", profile: "small", runner, of }]);
  await world.pump();
}

/** Its machine is gone, and the sweep has noticed. */
export async function taken(world: World, runner: string): Promise<void> {
  world.compute.vanish(runner);
  await world.ports.queue.send([{ kind: "check", profile: "small", runner }]);
  await world.pump();
}

export const markets = ({ compute }: World) => compute.started.map(({ market }) => market ?? "as the profile says");
export const stagesOf = ({ timeline }: { readonly timeline: readonly { readonly stage: string }[] }) =>
  timeline.map(({ stage }) => stage);
