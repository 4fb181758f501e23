/** The one-time right of a runner to take one job: its whole configuration, or a token to register with. */
import type { ListenerCredential, ListenerOrders } from "../../core/agent-protocol";
import { OnejobError } from "../../core/errors";
import type { Enrolment, Reach } from "../../core/model";
import type { ApiAnswer, GithubClient } from "./client";
import type { Connection } from "./connection";
import { openGroups, type Groups } from "./groups";
import { invalid, refusal } from "./refusals";
import { registrationTokens, type RegistrationTokens } from "./registration-tokens";
import { deleteRunner, findRunner } from "./runners";
import { openJitKnowledge, type JitKnowledge } from "./server-version";
import { fields, idText, textOf } from "./shape";
import { isRepository, scopePath } from "./urls";

export interface Enroller {
  enrol(reach: Reach, runner: { readonly name: string }): Promise<Enrolment>;
}

interface Workshop {
  readonly connection: Connection;
  readonly client: GithubClient;
  readonly groups: Groups;
  readonly jit: JitKnowledge;
  readonly tokens: RegistrationTokens;
}

const mostName = 64;
const mostLabels = 100;

export function openEnroller(connection: Connection, client: GithubClient): Enroller {
  const { clock, settings } = connection;
  const auth = settings.auth.kind;
  const shop: Workshop = {
    connection,
    client,
    groups: openGroups({ client, clock, auth }),
    jit: openJitKnowledge({ client, clock, url: settings.url }),
    tokens: registrationTokens(client, clock),
  };
  return {
    async enrol(reach, { name }) {
      checkRequest(reach, name);
      const jit = (await shop.jit.knowsJit(reach.scope)) ? await jitEnrolment(shop, { reach, name }) : undefined;
      return jit ?? registration(shop, { reach, name });
    },
  };
}

function checkRequest({ scope, labels }: Reach, name: string): void {
  if (name.length > mostName)
    throw new OnejobError(
      "source-refused",
      `"${scope}": the runner name ${name} is longer than ${mostName} characters`,
    );
  if (labels.length === 0 || labels.length > mostLabels)
    throw new OnejobError("source-refused", `"${scope}": a runner has 1 to ${mostLabels} labels, not ${labels.length}`);
}

interface Wanted {
  readonly reach: Reach;
  readonly name: string;
}

/** `undefined`: this server knows no such thing. */
async function jitEnrolment(shop: Workshop, wanted: Wanted): Promise<Enrolment | undefined> {
  const { scope, group } = wanted.reach;
  const groupId = await shop.groups.idOf(scope, group);
  let answer = await requestJit(shop, wanted, groupId);
  if (answer.status === 409) {
    await freeName(shop.client, wanted);
    answer = await requestJit(shop, wanted, groupId);
  }
  if (answer.status === 404 || answer.status === 422) {
    if (answer.status === 404 && (await shop.jit.learnFrom404(scope)) === "no-jit") return undefined;
    // The group may have been deleted and made anew since its id was read.
    shop.groups.forget(scope);
    const newGroupId = await shop.groups.idOf(scope, group);
    if (newGroupId !== groupId) answer = await requestJit(shop, wanted, newGroupId);
  }
  if (answer.value === undefined) throw jitRefused(shop, wanted, answer);
  const { id, config } = answer.value;
  return enrolment(shop, { kind: "jit", config }, id);
}

interface JitConfig {
  readonly id: string;
  readonly config: string;
}

function requestJit(
  { client }: Workshop,
  { reach: { scope, labels }, name }: Wanted,
  groupId: string,
): Promise<ApiAnswer<JitConfig>> {
  const path = jitPath(scope);
  const body = { name, runner_group_id: Number(groupId), labels, work_folder: "_work" };
  return client.call({ scope, right: "runners", method: "POST", path, body, expect: [404, 409, 422] }, (answer) => {
    const { runner, encoded_jit_config: config } = fields(answer, "the answer");
    return {
      id: idText(fields(runner, "the runner")["id"], "the runner's id"),
      config: textOf(config, "encoded_jit_config"),
    };
  });
}

function jitPath(scope: string): string {
  return `${scopePath(scope)}/actions/runners/generate-jitconfig`;
}

/** An earlier try of ours, whose answer was lost, made it: only it can have the name. */
async function freeName(client: GithubClient, { reach: { scope }, name }: Wanted): Promise<void> {
  const holder = await findRunner(client, scope, name);
  const outcome = holder === undefined ? "absent" : await deleteRunner(client, { scope }, holder.id);
  if (outcome === "busy") throw new OnejobError("source-refused", `"${scope}": the runner ${name} already has a job`);
}

function jitRefused(
  { connection }: Workshop,
  { reach: { scope } }: Wanted,
  { status, text }: ApiAnswer<unknown>,
): OnejobError {
  const call = { method: "POST", path: jitPath(scope), scope, status, text };
  if (status !== 404) return invalid(call);
  return refusal({ ...call, right: "runners", auth: connection.settings.auth.kind });
}

async function registration(shop: Workshop, { reach, name }: Wanted): Promise<Enrolment> {
  const { scope, group, labels } = reach;
  const token = await shop.tokens.of(scope);
  const url = `${shop.connection.settings.url}/${scope}`;
  const credential = {
    kind: "registration",
    url,
    token,
    name,
    group: isRepository(scope) ? "" : group,
    labels,
  } as const;
  return enrolment(shop, credential, null);
}

function enrolment({ connection }: Workshop, credential: ListenerCredential, handle: string | null): Enrolment {
  const orders: ListenerOrders = { credential, runner: connection.settings.runner };
  return { executor: "github", payload: JSON.stringify(orders), handle };
}
