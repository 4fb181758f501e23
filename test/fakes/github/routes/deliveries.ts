/** The record of an app's webhook deliveries, and sending one again. */
import type { Deliveries, Delivery } from "../deliveries";
import type { Hook } from "../model";
import { isoTime } from "../payloads/account";
import { notFound, Refusal } from "../reply";
import type { Call, Route } from "../route";
import type { World } from "../world";

export function deliveryRoutes(world: World, deliveries: Deliveries): Route[] {
  return [
    {
      method: "GET",
      template: "/app/hook/deliveries",
      access: { by: "app" },
      handle: (call) => page(call, ofHook(deliveries, hookOf(call, world)), world),
    },
    {
      method: "POST",
      template: "/app/hook/deliveries/{delivery_id}/attempts",
      access: { by: "app" },
      handle: (call) => {
        const id = call.params.delivery_id ?? "";
        if (!/^\d+$/.test(id) || !deliveries.redeliver(BigInt(id), hookOf(call, world))) throw notFound();
        return { status: 202, body: {} };
      },
    },
  ];
}

function page(call: Call, all: readonly Delivery[], world: World) {
  const query = call.url.searchParams;
  const perPage = Math.min(Math.max(1, Number(query.get("per_page") ?? 30) || 30), 100);
  const status = query.get("status");
  const wanted = all.filter((one) => status === null || (status === "failure") !== isGood(one));
  const cursor = query.get("cursor");
  const start = cursor === null ? 0 : wanted.findIndex(({ id }) => id <= cursorId(cursor));
  const rest = start < 0 ? [] : wanted.slice(start);
  const next = rest[perPage];
  const headers: Readonly<Record<string, string>> =
    next === undefined ? {} : { link: `<${nextUrl(call, next, world)}>; rel="next"` };
  return { status: 200, body: rest.slice(0, perPage).map(deliveryJson), headers };
}

function nextUrl({ url }: Call, next: Delivery, world: World): string {
  const to = new URL(`${world.apiUrl}/app/hook/deliveries${url.search}`);
  to.searchParams.set("cursor", `v1_${next.id}`);
  return to.href;
}

function cursorId(cursor: string): bigint {
  const [, id] = /^v1_(\d+)$/.exec(cursor) ?? [];
  if (id === undefined) throw new Refusal(400, "Invalid cursor");
  return BigInt(id);
}

function deliveryJson(delivery: Delivery) {
  const { id, guid, redelivery, status, statusCode, event, action, installationId, repositoryId } = delivery;
  return {
    id,
    guid,
    delivered_at: isoTime(delivery.deliveredAt),
    redelivery,
    duration: delivery.durationMs / 1000,
    status,
    status_code: statusCode,
    event,
    action,
    installation_id: installationId,
    repository_id: repositoryId,
    throttled_at: null,
  };
}

function isGood({ statusCode }: Delivery): boolean {
  return statusCode >= 200 && statusCode < 400;
}

function ofHook(deliveries: Deliveries, hook: Hook): Delivery[] {
  return deliveries.records.filter((delivery) => delivery.hook === hook);
}

function hookOf({ identity }: Call, world: World): Hook {
  const hook = identity.kind === "app" ? world.hookOf(identity.app) : undefined;
  if (hook === undefined) throw notFound();
  return hook;
}
