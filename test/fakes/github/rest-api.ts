/** The REST API: finds the endpoint, asks who calls and whether they may, answers, and judges its own answer. */
import { createHash } from "node:crypto";
import { authorize, findTarget } from "./access";
import type { Identity } from "./auth";
import { identify } from "./auth";
import { CallLog } from "./call-log";
import type { InjectedFault } from "./injected-faults";
import { InjectedFaults } from "./injected-faults";
import { documentationUrl, responseProblem } from "./openapi";
import { RateLimits } from "./rate-limit";
import type { Reply } from "./reply";
import { notFound, Refusal, toJson } from "./reply";
import type { Match, Route } from "./route";
import { matchRoute } from "./route";
import type { World } from "./world";

export interface RestRequest {
  readonly method: string;
  /** Without `/api/v3`. */
  readonly path: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

/** What goes over the wire; `null`: the connection breaks instead. */
export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export class RestApi {
  readonly calls = new CallLog();
  readonly faults = new InjectedFaults();
  readonly limits: RateLimits;
  /** Answers of the fake itself that GitHub would never give; each one is a bug here. */
  readonly violations: string[] = [];
  private readonly world: World;
  private readonly routes: readonly Route[];
  private requests = 0;

  constructor(world: World, routes: readonly Route[]) {
    this.world = world;
    this.routes = routes;
    this.limits = new RateLimits(world);
  }

  async answer(request: RestRequest): Promise<WireReply | null> {
    const match = matchRoute(this.routes, request);
    const fault = this.faults.take(`${request.method} ${match?.route.template ?? request.path}`);
    if (fault?.delayMs !== undefined) await this.pause(fault.delayMs);
    if (fault !== undefined && !isOnlySlow(fault) && fault.afterwards !== true)
      return this.fail(fault, { request, match });
    const { reply, identity } = this.perform(request, match);
    const wire = this.finish(reply, { request, match, identity });
    if (fault?.afterwards === true)
      return fault.status === undefined ? null : this.fail(fault, { request, match: undefined });
    return wire;
  }

  /** Carries it out; every refusal becomes an answer. */
  private perform(request: RestRequest, match: Match | undefined): { reply: Reply; identity: Identity | null } {
    let identity: Identity | null = null;
    try {
      this.checkHeaders(request);
      identity = identify(request.headers.authorization, this.world);
      this.limits.check(identity, request.method);
      if (match === undefined) throw notFound();
      const target = findTarget(match.params, this.world);
      authorize(identity, match.route.access, target);
      const { url } = request;
      return {
        identity,
        reply: match.route.handle({ ...target, url, params: match.params, body: bodyOf(request), identity }),
      };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { identity, reply: refusalReply(error, match) };
    }
  }

  private checkHeaders({ headers }: RestRequest): void {
    if ((headers["user-agent"] ?? "") === "") {
      throw new Refusal(
        403,
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
      );
    }
    const version = headers["x-github-api-version"];
    if (version !== undefined && !["2022-11-28", "2026-03-10"].includes(version)) {
      throw new Refusal(400, `"${version}" is not a supported version`);
    }
  }

  private finish(
    reply: Reply,
    { request, match, identity }: { request: RestRequest; match: Match | undefined; identity: Identity | null },
  ): WireReply {
    const judged = this.judge(reply, match);
    const text = judged.body === undefined ? "" : toJson(judged.body);
    const etag = `W/"${createHash("sha256").update(text).digest("hex")}"`;
    const isRead = request.method === "GET" && judged.status === 200;
    const unchanged = isRead && request.headers["if-none-match"] === etag;
    const status = unchanged ? 304 : judged.status;
    if (!unchanged && identity !== null) this.limits.spend(identity);
    this.log(request, { match, identity, status });
    return {
      status,
      text: unchanged ? "" : text,
      headers: {
        ...this.commonHeaders(identity),
        ...(isRead ? { etag, "cache-control": "private, max-age=60, s-maxage=60" } : {}),
        ...judged.headers,
      },
    };
  }

  private judge(reply: Reply, match: Match | undefined): Reply {
    if (match === undefined) return reply;
    const { method, template } = match.route;
    const problem = responseProblem({ method, template, status: reply.status, body: reply.body });
    if (problem === null) return reply;
    this.violations.push(problem);
    return { status: 500, body: { message: `the fake broke GitHub's published description: ${problem}` } };
  }

  private commonHeaders(identity: Identity | null): Record<string, string> {
    const { installedVersion } = this.world.options;
    this.requests += 1;
    return {
      "content-type": "application/json; charset=utf-8",
      date: new Date(this.world.now()).toUTCString(),
      server: "github.com",
      "x-github-media-type": "github.v3; format=json",
      "x-github-request-id": `FA4E:${this.requests.toString(16).toUpperCase().padStart(8, "0")}`,
      ...(installedVersion === undefined
        ? { "x-github-api-version-selected": "2022-11-28" }
        : { "x-github-enterprise-version": installedVersion }),
      ...(identity?.kind === "personal" && identity.grants.kind === "classic"
        ? { "x-oauth-scopes": identity.grants.scopes.join(", ") }
        : {}),
      ...(identity === null ? {} : this.limits.headers(identity)),
    };
  }

  private fail(fault: InjectedFault, { request, match }: { request: RestRequest; match: Match | undefined }) {
    const { status, message = "Server Error", headers = {} } = fault;
    if (match !== undefined) this.log(request, { match, identity: null, status: status ?? 0 });
    if (status === undefined) return null;
    return { status, text: toJson({ message }), headers: { ...this.commonHeaders(null), ...headers } };
  }

  private log(
    { method, path, url }: RestRequest,
    { match, identity, status }: { match: Match | undefined; identity: Identity | null; status: number },
  ): void {
    const template = match?.route.template ?? null;
    const auth = identity?.kind ?? "refused";
    this.calls.add({ method, path, query: url.search, template, status, auth, at: this.world.now() });
    this.world.moved();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.options.time.after(ms, resolve));
  }
}

function isOnlySlow({ delayMs, status, afterwards }: InjectedFault): boolean {
  return delayMs !== undefined && status === undefined && afterwards === undefined;
}

function refusalReply(refusal: Refusal, match: Match | undefined): Reply {
  const docs =
    match === undefined ? "https://docs.github.com/rest" : documentationUrl(match.route.method, match.route.template);
  const body = { message: refusal.message, documentation_url: docs, status: String(refusal.status) };
  return { status: refusal.status, body, headers: refusal.headers };
}

function bodyOf({ text }: RestRequest): unknown {
  if (text === "") return undefined;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body;
  } catch {
    throw new Refusal(400, "Problems parsing JSON");
  }
  throw new Refusal(400, "Body should be a JSON object");
}
