import { githubTrouble, type TroubleStand, type TroubleWishes } from "../fixtures/github-trouble";
import { useMoto } from "./fleet-world";
import { nothing } from "./harness/left";
import { RunningFleet } from "./harness/running-fleet";

const url = useMoto();

async function openFleet({ maxRunners = 8, fake = {} }: TroubleWishes): Promise<TroubleStand> {
  const fleet = await RunningFleet.start(url(), { github: fake, profile: { limits: { maxRunners } } });
  return {
    fake: fleet.github,
    reasonOf: (id) => fleet.why({ id }),
    jobs: () => fleet.jobs(),
    until: (holds) => fleet.inTime(holds),
    async whenEmpty() {
      await fleet.inTime(async () => JSON.stringify(await fleet.left()) === JSON.stringify(nothing));
    },
    install: () => fleet.install(),
    uninstall: () => fleet.uninstall(),
    close: () => fleet.stop(),
  };
}

describe("a job on a fleet, while GitHub", () => githubTrouble(openFleet));
