/** Of a fleet on AWS: who asks, what its deployment left, whether its function answers, and whether its secrets are there. */
import { version as ownVersion } from "../../../package.json";
import { OnejobError } from "../../core/errors";
import { openFleet } from "../fleet/fleet";
import { lazy } from "../lazy";
import type { Check, Finding } from "./check";
import { bad, good } from "./check";
import type { Context } from "../context";
import { nodeVersion } from "./machine-checks";
import { failure, status } from "./server-checks";

export const fleetChecks: readonly Check[] = [
  { id: "node", run: nodeVersion },
  { id: "aws", run: (context) => found(() => aws(context)) },
  { id: "fleet", run: (context) => found(() => fleet(context)) },
  { id: "api", run: (context) => found(() => api(context)) },
  { id: "version", run: (context) => found(() => sameVersion(context)) },
  { id: "secrets", run: (context) => found(() => secrets(context)) },
  { id: "dead-letters", run: (context) => found(() => deadLetters(context)) },
];

async function found(look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    return failure(error);
  }
}

/** The facts are read with them, so an answer of any kind proves them. */
async function aws(context: Context): Promise<Finding> {
  try {
    const { parameters } = await openFleet(context);
    return good(`AWS takes your credentials, in ${await parameters.region()}`);
  } catch (error) {
    const isKnown = error instanceof OnejobError && error.code === "fleet-unknown";
    if (isKnown) return good("AWS takes your credentials");
    throw error;
  }
}

async function fleet(context: Context): Promise<Finding> {
  const { name, fact } = await openFleet(context);
  return good(`${name} was deployed; its function is at ${fact("api")}`);
}

async function api(context: Context): Promise<Finding> {
  const answer = await status(context);
  if (answer.finding !== null) return answer.finding;
  const { draining, queueDepth } = answer.now;
  const intake = draining ? "it is draining (onejob drain --resume)" : "it takes jobs";
  return good(`its function answers, and takes your signature; ${intake}, ${queueDepth} messages wait on its queue`);
}

async function sameVersion(context: Context): Promise<Finding> {
  const { now } = await status(context);
  if (now === null) return good(`this program is ${ownVersion}; the fleet's version is not known`);
  if (now.version === ownVersion) return good(`this program and the fleet are both ${ownVersion}`);
  return bad(
    `this program is ${ownVersion}, the fleet ${now.version}`,
    "use that version, or `pulumi up` with this one",
  );
}

async function secrets(context: Context): Promise<Finding> {
  const { name, parameters, secrets: wanted } = await openFleet(context);
  const there = await parameters.existing(wanted);
  const missing = wanted.filter((secret) => !there.has(secret));
  if (missing.length === 0) return good(`all ${wanted.length} secrets are there`);
  return bad(`not there: ${missing.join(", ")}`, `\`onejob secrets check --fleet ${name}\` says how to fill them in`);
}

async function deadLetters(context: Context): Promise<Finding> {
  const { name, fact } = await openFleet(context);
  const queues = { queueUrl: fact("queueUrl"), deadLetterQueueUrl: fact("deadLetterQueueUrl") };
  const count = await lazy.deadLetters().openDeadLetters(queues, context.io.env).count();
  if (count === 0) return good("no message was put aside");
  return bad(`about ${count} messages were put aside`, `\`onejob dead-letters --fleet ${name}\` shows them`);
}
