/** What EC2 says of its instances: a sign that a machine of ours goes away has its runner looked after at once. */
import { DescribeInstancesCommand, EC2Client, type Instance } from "@aws-sdk/client-ec2";
import { SQSClient } from "@aws-sdk/client-sqs";
import { machineTags, runnerTagOf } from "../../core/aws-identity";
import type { FleetFacts } from "../../core/fleet-facts";
import type { Message } from "../../core/ports";
import { sqsQueue } from "../../queue/sqs-queue";
import { clientOptions } from "./clients";
import { hosting, type Handler } from "./hosting";

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html */
export interface InstanceEvent {
  readonly "detail-type"?: string;
  readonly detail?: { readonly "instance-id"?: string; readonly state?: string };
  /** Of an image that was built: its ARN. */
  readonly resources?: readonly string[];
}

export interface EventAnswer {
  readonly checked: number;
}

const warnings = new Map<string, "interruption" | "rebalance">([
  ["EC2 Spot Instance Interruption Warning", "interruption"],
  ["EC2 Instance Rebalance Recommendation", "rebalance"],
]);
const imageBuilt = "EC2 Image Builder Image State Change";
const stateChange = "EC2 Instance State-change Notification";
const ending = new Set(["shutting-down", "terminated"]);

export function createEvents(facts: FleetFacts): Handler<InstanceEvent, EventAnswer> {
  const host = hosting("events", facts);
  const ec2 = new EC2Client(clientOptions);
  const queue = sqsQueue({ client: new SQSClient(clientOptions), queueUrl: facts.queueUrl, log: host.log });
  // Most ends are told twice, as `shutting-down` and as `terminated`: the tags are asked for once.
  const ended = new Map<string, Message>();
  const remember = (machine: string, message: Message): void => {
    if (ended.size >= mostRemembered) ended.clear();
    ended.set(machine, message);
  };
  const messageOf = async (event: InstanceEvent, machine: string): Promise<Message | undefined> => {
    const instance = await describe(ec2, machine);
    const tagged = instance && taggedBy(instance, facts.fleet);
    if (instance === undefined || tagged === undefined) return undefined;
    const message = messageAbout(event, instance, tagged.place);
    const { launch } = tagged;
    host.log.info("machine may be going away", { launch, event: event["detail-type"], ...message });
    return message;
  };
  return host.handler(async (event) => {
    // The rule lets only failed builds through, and nobody else is told of them.
    if (event["detail-type"] === imageBuilt)
      host.log.error("image could not be built", { image: event.resources?.[0] });
    const machine = goingAway(event);
    if (machine === undefined) return { checked: 0 };
    const message = ended.get(machine) ?? (await messageOf(event, machine));
    if (message === undefined) return { checked: 0 };
    if (event["detail-type"] === stateChange) remember(machine, message);
    await queue.send([message]);
    return { checked: 1 };
  });
}

const mostRemembered = 1_000;

function goingAway({ "detail-type": type = "", detail = {} }: InstanceEvent): string | undefined {
  const concerns = warnings.has(type) || (type === stateChange && ending.has(detail.state ?? ""));
  return concerns ? detail["instance-id"] : undefined;
}

/** What EC2 says of a machine that it has taken back, whether its notice was heard or not. */
const takenBack = "Server.SpotInstanceTermination";

function messageAbout(
  { "detail-type": type = "" }: InstanceEvent,
  { StateReason, InstanceId: machine = "" }: Instance,
  place: RunnerPlace,
): Message {
  const of = warnings.get(type) ?? (StateReason?.Code === takenBack ? "taken" : undefined);
  return of === undefined ? { kind: "check", ...place, machine } : { kind: "warned", ...place, machine, of };
}

/** `undefined`: it is not known any more, and the sweep has noticed long ago. */
async function describe(ec2: EC2Client, machine: string): Promise<Instance | undefined> {
  try {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [machine] }));
    return Reservations.flatMap(({ Instances = [] }) => Instances).find(({ InstanceId }) => InstanceId === machine);
  } catch (error) {
    if (error instanceof Error && error.name.startsWith("InvalidInstanceID.")) return undefined;
    throw error;
  }
}

interface RunnerPlace {
  readonly profile: string;
  readonly runner: string;
}

interface Tagged {
  readonly place: RunnerPlace;
  readonly launch: string | null;
}

/** Of this fleet only; one that does not say its runner yet is found by the sweep. */
function taggedBy({ InstanceId = "", Tags = [] }: Instance, fleet: string): Tagged | undefined {
  const tags = new Map(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
  const profile = tags.get(machineTags.profile);
  const runner = tags.get(runnerTagOf(InstanceId)) ?? tags.get(machineTags.runner);
  if (tags.get(machineTags.fleet) !== fleet || !profile || !runner) return undefined;
  return { place: { profile, runner }, launch: tags.get(machineTags.launch) ?? null };
}
