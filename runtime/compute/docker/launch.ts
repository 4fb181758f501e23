/**
 * Makes one machine. In order: image, kit, container, orders into it, start. The name of a container is its runner's,
 * so what a crash cut short is found again: one that never started gets its orders anew and is started, and one that
 * did start is left alone, whatever became of it.
 */
import { LaunchRefusal } from "../../core/launch-refusal";
import { isMachineName } from "../../core/machine-name";
import type { MachineOutcome } from "../../core/ports";
import type { DockerComputeSettings, ProfileSettings } from "../../core/settings";
import { containerSpec, imageEnvironment } from "./container-spec";
import type { Engine } from "./engine";
import type { ContainerFacts } from "./engine-answers";
import { EngineError, isEngineError } from "./engine-error";
import type { EngineFacts } from "./engine-facts";
import type { Host } from "./host";
import type { FoundImage } from "./images";
import { kitFolder, kitMarker, runsOurNode } from "./kit";
import { type MachineMark, containerName, machineMark } from "./labels";
import { type Route, bootOf, orderArchive, routeTo } from "./orders";
import { refusalOf } from "./refusal";
import { removeContainer } from "./terminate";

export interface Wanted {
  readonly launch: string;
  readonly profile: string;
  readonly runner: string;
  readonly bootToken: string;
}

export async function launchMachine(host: Host, wanted: Wanted): Promise<MachineOutcome> {
  const { runner, launch } = wanted;
  try {
    await ensureMachine(host, wanted);
    return { runner, outcome: "launched", machine: runner };
  } catch (error) {
    // Anything else tells no outcome: it may run.
    if (!(error instanceof LaunchRefusal)) throw error;
    host.log.warn("machine not launched", { runner, launch, error: error.message });
    return { runner, outcome: error.outcome, detail: error.message };
  }
}

/** Everything known before a container is made. */
interface Plan {
  readonly host: Host;
  readonly engine: Engine;
  readonly mark: MachineMark;
  readonly bootToken: string;
  readonly profile: ProfileSettings;
  readonly compute: DockerComputeSettings;
  readonly facts: EngineFacts;
  readonly route: Route;
}

async function ensureMachine(host: Host, wanted: Wanted): Promise<void> {
  const { launch, runner } = wanted;
  if (!isMachineName(runner)) {
    throw new LaunchRefusal("misconfigured", "the runner id is not fit for a container's name");
  }
  const { profile, compute } = settingsFor(host, wanted);
  const engine = host.engines.of(compute);
  const asked = () => Promise.all([engine.facts(), engine.container(containerName(runner))]);
  const [facts, standing] = await nothingMade(asked);
  if (standing !== undefined && isOurs(standing, host) && standing.started) return;
  if (facts.os === "windows") {
    throw new LaunchRefusal("misconfigured", "the engine makes containers of Windows; switch it to Linux ones");
  }
  const route = routeTo(compute, { socket: host.socket, facts });
  const mark = { launch, runner, home: host.home };
  const plan = { host, engine, mark, bootToken: wanted.bootToken, profile, compute, facts, route };
  const image = await nothingMade(() => host.images.bring(engine, compute));
  await host.engines.remember(engine);
  await start(plan, { image, id: await make(plan, { image, id: standing?.id }) });
}

function settingsFor(
  { profiles }: Host,
  { profile: name }: Wanted,
): { readonly profile: ProfileSettings; readonly compute: DockerComputeSettings } {
  const profile = profiles().find((candidate) => candidate.name === name);
  if (profile === undefined) {
    throw new LaunchRefusal("misconfigured", `profile ${name} is not configured any more; add it again`);
  }
  const { compute } = profile;
  if (compute.kind === "docker") return { profile, compute };
  throw new LaunchRefusal("misconfigured", `profile ${name} asks for compute ${compute.kind} by now`);
}

function isOurs(standing: ContainerFacts, { home }: Host): boolean {
  if (machineMark(standing.labels, home) !== undefined) return true;
  const fix = "remove it, and what makes containers of such names";
  throw new LaunchRefusal(
    "misconfigured",
    `a container of the name wanted is there, and is not of this server; ${fix}`,
  );
}

/** Of steps before a container is made: what the engine refuses in them leaves nothing. */
async function nothingMade<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === "unknown") throw error;
    throw refusalOf(error, "the engine makes no machine");
  }
}

interface Making {
  readonly image: FoundImage;
  /** One that is there already, and never started. */
  readonly id: string | undefined;
}

/** With the whole kit in it: one that somebody removed in the meantime is brought once more. */
async function make(plan: Plan, making: Making): Promise<string> {
  const { engine, host } = plan;
  for (let tries = 1; tries <= 2; tries++) {
    const id = tries === 1 && making.id !== undefined ? making.id : await makeOnce(plan, making.image);
    if (await engine.has(id, `${kitFolder}/${kitMarker}`)) return id;
    host.kits.forget(engine);
    await removeContainer(engine, id);
  }
  throw new LaunchRefusal("no-capacity", "the agent was removed from the engine; it is brought again");
}

async function makeOnce({ host, engine, ...parts }: Plan, image: FoundImage): Promise<string> {
  const kit = await nothingMade(() => host.kits.bring(engine, image.name));
  const name = containerName(parts.mark.runner);
  try {
    return await engine.create(name, containerSpec({ ...parts, image, kit }));
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === "unknown") throw error;
    // Engines may fail and still have made it.
    const standing = error.kind === "unreachable" ? undefined : await engine.container(name);
    if (standing === undefined) throw refusalOf(error, "the engine makes no container");
    if (!isOurs(standing, host)) throw error;
    return standing.id;
  }
}

interface Made extends Making {
  readonly id: string;
}

const notStarted = "the container does not start";

async function start({ host, engine, mark, facts, ...parts }: Plan, { id, image }: Made): Promise<void> {
  const boot = bootOf({ ...parts, mark, environment: imageEnvironment(image) });
  try {
    await engine.unpack(id, "/", await orderArchive(boot));
    await engine.start(id);
  } catch (error) {
    if (!isEngineError(error, "refused", "absent", "conflict", "failed")) throw error;
    if ((await engine.container(id))?.started !== true) {
      await removeContainer(engine, id);
      throw refusalOf(
        error,
        runsOurNode(facts) ? notStarted : `${notStarted}, and needs an image with Node 20 or later`,
      );
    }
  }
  host.log.info("container started", { runner: mark.runner, launch: mark.launch, container: id.slice(0, 12) });
  host.watch.begin(engine, { id, machine: mark.runner });
}
