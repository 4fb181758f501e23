import { GithubPlace } from "../fixtures/github-place";
import { githubTrouble, type TroubleStand, type TroubleWishes } from "../fixtures/github-trouble";
import { until } from "../fixtures/onejob-process";

async function openPlace(wishes: TroubleWishes): Promise<TroubleStand> {
  const github = await GithubPlace.open({ auth: "app", intake: "both", scopes: ["acme"], ...wishes });
  await github.serve();
  return {
    fake: github.fake,
    async reasonOf(id) {
      const ran = await github.place.run(["why", String(id), "--output", "json"]);
      return ran.code === 0 ? (JSON.parse(ran.stdout) as { reason: string | null }).reason : null;
    },
    jobs: () => github.jobs(),
    until: (holds) => until(holds),
    whenEmpty: () => github.whenEmpty(),
    install: () => github.install(),
    uninstall: () => github.uninstall(),
    close: () => github.close(),
  };
}

describe("a job, while GitHub", () => githubTrouble(openPlace));
