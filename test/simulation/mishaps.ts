/** What may befall a machine, some time in its life. */
import type { SimAgent } from "./sim-machine";

const second = 1_000;
const minute = 60 * second;

export function befall(agent: SimAgent): void {
  const { kernel, dice, forge } = agent.parts;
  const { runner } = agent;
  const within = () => dice.between(1, 900, "death") * second;
  if (dice.strikes("machine-death", runner)) kernel.after(within(), () => agent.powerOff());
  if (dice.strikes("agent-death", runner))
    kernel.after(within(), () => {
      agent.strand.die();
      if (dice.fraction("listener") < 0.5) forge.leaves(runner);
      else agent.orphan();
    });
  if (dice.strikes("second-agent", runner)) kernel.after(within() / 30, () => agent.showTokenAgain());
}

/** What the cloud may do to a machine from its first moment on, whatever it is doing then. */
export function reclaim(agent: SimAgent): void {
  const { kernel, dice, cloud } = agent.parts;
  const { runner } = agent;
  if (dice.strikes("born-dead", runner)) kernel.after(dice.between(0, 4, "born") * second, () => agent.powerOff());
  if (agent.market !== "spot") return;
  const within = () => dice.between(1, dice.pick([40, 120, 900], "reclaim") ?? 900, "reclaim") * second;
  if (dice.strikes("rebalance", runner)) kernel.after(within(), () => cloud.warn(runner, "rebalance"));
  if (!dice.strikes("interrupted", runner)) return;
  const isSeen = !dice.strikes("notice-unseen", runner);
  kernel.after(within(), () => {
    cloud.warn(runner, "interruption");
    // It looks every five seconds, and stops its job half a minute before the end.
    if (isSeen) kernel.after(dice.between(0, 5, "seen") * second, () => agent.expectEnd());
    if (isSeen) kernel.after(90 * second, () => agent.stopForEnd());
    kernel.after(2 * minute, () => agent.powerOff());
  });
}
