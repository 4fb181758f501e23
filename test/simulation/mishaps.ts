/** What may befall a machine that came up, some time in its life. */
import type { SimAgent } from "./sim-machine";

const second = 1_000;
const minute = 60 * second;

export function befall(agent: SimAgent): void {
  const { kernel, dice, forge } = agent.parts;
  const { runner } = agent;
  const within = () => dice.between(1, 900, "death") * second;
  if (dice.strikes("machine-death", runner)) kernel.after(within(), () => agent.powerOff());
  if (dice.strikes("interrupted", runner))
    kernel.after(within(), () => {
      const isObedient = dice.fraction("leaves") < 0.5;
      if (!agent.strand.dead) agent.isTakenAway({ stops: isObedient });
      kernel.after(2 * minute, () => agent.powerOff());
    });
  if (dice.strikes("agent-death", runner))
    kernel.after(within(), () => {
      agent.strand.die();
      if (dice.fraction("listener") < 0.5) forge.leaves(runner);
      else agent.orphan();
    });
  if (dice.strikes("second-agent", runner)) kernel.after(within() / 30, () => agent.showTokenAgain());
}
