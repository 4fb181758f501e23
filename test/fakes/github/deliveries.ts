/** Sends webhooks over real HTTP, keeps a record of each attempt, and loses, doubles, delays or mixes them when told to. */
import { createHmac } from "node:crypto";
import type { Hook } from "./model";
import { post } from "./post";
import { toJson } from "./reply";
import type { World } from "./world";

/** What goes wrong, each as a share between 0 and 1; together at most 1. */
export interface DeliveryFaults {
  /** Recorded as failed (502) without having arrived: what redelivery is for. */
  readonly lost?: number;
  /** Never attempted and in no list: only polling finds these. */
  readonly untried?: number;
  /** Sent twice, with the same delivery id. */
  readonly doubled?: number;
  /** Sent `lateMs` (5000 unless set) later. */
  readonly late?: number;
  readonly lateMs?: number;
  /** Sent after the next one of the same webhook (or half a second later, when none comes). */
  readonly reordered?: number;
}

export type DeliveryFate = "sent" | "lost" | "untried" | "doubled" | "late" | "reordered";

export interface Delivery {
  /** Beyond 2^53. */
  readonly id: bigint;
  readonly guid: string;
  readonly hook: Hook;
  readonly event: string;
  readonly action: string;
  readonly installationId: number | null;
  readonly repositoryId: number;
  readonly body: string;
  readonly redelivery: boolean;
  readonly fate: DeliveryFate;
  deliveredAt: number;
  durationMs: number;
  /** 0: the receiver could not be reached. */
  statusCode: number;
  status: string;
}

export interface Parcel {
  readonly hook: Hook;
  readonly event: string;
  readonly action: string;
  readonly installationId: number | null;
  readonly repositoryId: number;
  readonly payload: unknown;
}

const swapMs = 500;

export class Deliveries {
  /** Told before a delivery's fate is drawn; `undefined` leaves it to chance. */
  decide: (parcel: Parcel) => DeliveryFate | undefined = () => undefined;
  faults: DeliveryFaults = {};
  private readonly world: World;
  private readonly recorded: Delivery[] = [];
  private readonly queues = new Map<Hook, Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly held = new Map<Hook, Delivery[]>();

  constructor(world: World) {
    this.world = world;
  }

  /** All attempts that GitHub has a record of, newest first. */
  get records(): readonly Delivery[] {
    return [...this.recorded].sort((one, other) => (one.id < other.id ? 1 : -1));
  }

  /** Resolves when nothing is being sent; what is held back or late does not count. */
  async settled(): Promise<void> {
    for (let size = -1; size !== this.recorded.length;) {
      size = this.recorded.length;
      await Promise.all(this.queues.values());
    }
  }

  /** Breaks off what is being sent; nothing is sent any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.settled();
  }

  send(parcel: Parcel): void {
    const fate = this.decide(parcel) ?? this.draw();
    const { payload, ...facts } = parcel;
    const attempt = this.attempt({ ...facts, guid: this.world.ids.guid(), body: toJson(payload) }, { fate });
    switch (fate) {
      case "untried":
        return;
      case "lost":
        this.record({ ...attempt, statusCode: 502, status: "Invalid HTTP Response: 502" });
        return;
      case "late":
        this.world.options.time.after(this.faults.lateMs ?? 5000, () => this.enqueue(attempt));
        return;
      case "reordered":
        this.hold(attempt);
        return;
      case "doubled":
        this.enqueue(attempt);
        this.enqueue({ ...attempt, id: this.world.ids.deliveryId() });
        return;
      case "sent":
        this.enqueue(attempt);
    }
  }

  /** Sends a recorded delivery again, under the same GUID. `false`: there is none with this id. */
  redeliver(id: bigint, hook: Hook): boolean {
    const before = this.recorded.find((delivery) => delivery.id === id && delivery.hook === hook);
    if (before === undefined) return false;
    this.enqueue(this.attempt(before, { fate: "sent", redelivery: true }));
    return true;
  }

  private draw(): DeliveryFate {
    const { lost = 0, untried = 0, doubled = 0, late = 0, reordered = 0 } = this.faults;
    let left = this.world.options.random();
    for (const [fate, share] of Object.entries({ lost, untried, doubled, late, reordered })) {
      if (left < share) return fate as DeliveryFate;
      left -= share;
    }
    return "sent";
  }

  private attempt(
    facts: Omit<Parcel, "payload"> & { readonly guid: string; readonly body: string },
    { fate, redelivery = false }: { readonly fate: DeliveryFate; readonly redelivery?: boolean },
  ): Delivery {
    const { hook, event, action, installationId, repositoryId, guid, body } = facts;
    const id = this.world.ids.deliveryId();
    const outcome = { deliveredAt: this.world.now(), durationMs: 0, statusCode: 0, status: "pending" };
    return { id, guid, hook, event, action, installationId, repositoryId, body, redelivery, fate, ...outcome };
  }

  private record(delivery: Delivery): void {
    this.recorded.push(delivery);
  }

  /** One after another for each webhook, so that the order is wrong only when it is meant to be. */
  private enqueue(delivery: Delivery): void {
    const { hook } = delivery;
    const before = this.queues.get(hook) ?? Promise.resolve();
    const held = this.held.get(hook) ?? [];
    this.held.delete(hook);
    const sent = before.then(() => this.post(delivery));
    this.queues.set(hook, sent);
    for (const late of held) this.enqueue(late);
  }

  private hold(delivery: Delivery): void {
    const { hook } = delivery;
    this.held.set(hook, [...(this.held.get(hook) ?? []), delivery]);
    this.world.options.time.after(swapMs, () => {
      const held = this.held.get(hook) ?? [];
      if (!held.includes(delivery)) return;
      this.held.set(
        hook,
        held.filter((other) => other !== delivery),
      );
      this.enqueue(delivery);
    });
  }

  private async post(delivery: Delivery): Promise<void> {
    const { hook, body } = delivery;
    delivery.deliveredAt = this.world.now();
    if (hook.url === null || this.stopping.signal.aborted) return;
    this.record(delivery);
    const { webhookTimeoutMs: timeoutMs } = this.world.options;
    const outcome = await post(hook.url, {
      headers: this.headers(delivery),
      body,
      timeoutMs,
      signal: this.stopping.signal,
    });
    Object.assign(delivery, outcome);
    delivery.durationMs = this.world.now() - delivery.deliveredAt;
    this.world.moved();
  }

  private headers({ hook, event, guid, body }: Delivery): Record<string, string> {
    const { installedVersion } = this.world.options;
    const sign = (hash: string, secret: string) => `${hash}=${createHmac(hash, secret).update(body).digest("hex")}`;
    const { target, secret } = hook;
    return {
      accept: "*/*",
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/fa4ce00",
      "x-github-delivery": guid,
      "x-github-event": event,
      "x-github-hook-id": String(hook.id),
      "x-github-hook-installation-target-id": String(targetNumber(hook)),
      "x-github-hook-installation-target-type": target.type,
      ...(installedVersion === undefined
        ? {}
        : {
            "x-github-enterprise-version": installedVersion,
            "x-github-enterprise-host": new URL(this.world.url).host,
          }),
      ...(secret === null
        ? {}
        : { "x-hub-signature": sign("sha1", secret), "x-hub-signature-256": sign("sha256", secret) }),
    };
  }
}

function targetNumber({ target }: Hook): number {
  if (target.type === "integration") return target.app.id;
  return target.type === "repository" ? target.repository.id : target.account.id;
}
