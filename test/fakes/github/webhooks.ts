/** Tells every webhook that listens for it what became of a job or a run. */
import type { Deliveries } from "./deliveries";
import type { Hook, Installation, Job, Run } from "./model";
import type { Json } from "./payloads/account";
import type { JobAction, RunAction } from "./payloads/webhook";
import { jobPayload, runPayload, withInstallation } from "./payloads/webhook";
import type { World } from "./world";

export class Webhooks {
  private readonly world: World;
  private readonly deliveries: Deliveries;

  constructor(world: World, deliveries: Deliveries) {
    this.world = world;
    this.deliveries = deliveries;
  }

  job(job: Job, action: JobAction, { atGate = false } = {}): void {
    this.emit(job.run, { event: "workflow_job", action, make: () => jobPayload(job, { action, atGate }, this.world) });
  }

  run(run: Run, action: RunAction): void {
    run.told = action;
    this.emit(run, { event: "workflow_run", action, make: () => runPayload(run, action, this.world) });
  }

  private emit(
    run: Run,
    { event, action, make }: { readonly event: string; readonly action: string; readonly make: () => Json },
  ): void {
    const listening = this.world.hooks.filter((hook) => hook.url !== null && hook.events.includes(event));
    for (const hook of listening) {
      const heard = this.hears(hook, run);
      if (heard === null) continue;
      const { installation } = heard;
      const payload = installation === null ? make() : withInstallation(make(), installation);
      const installationId = installation?.id ?? null;
      this.deliveries.send({ hook, event, action, installationId, repositoryId: run.repository.id, payload });
    }
  }

  /** `null`: this webhook does not hear of that repository. */
  private hears({ target }: Hook, { repository }: Run): { readonly installation: Installation | null } | null {
    switch (target.type) {
      case "repository":
        return target.repository === repository ? { installation: null } : null;
      case "organization":
        return target.account === repository.owner ? { installation: null } : null;
      case "integration": {
        const installation = this.world.installationsOn(repository).find(({ app }) => app === target.app);
        return installation === undefined || installation.suspendedAt !== null ? null : { installation };
      }
    }
  }
}
