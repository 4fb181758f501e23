/**
 * The private side the stand-in listener speaks to, under `/_fake/listener`. GitHub's own protocol is not published;
 * this one only has to lead to the same behaviour.
 */
import type { Conclusion, Scope } from "./model";
import { runnerFiles } from "./jit-config";
import { jobMessage } from "./job-message";
import type { Reply } from "./reply";
import { notFound, Refusal } from "./reply";
import { register } from "./runners";
import type { Sessions } from "./sessions";
import type { World } from "./world";
import { accountOf } from "./world";

export interface PrivateRequest {
  readonly method: string;
  /** Behind `/_fake/listener/`, in its parts. */
  readonly path: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
  /** Called when the asker goes away before the answer. */
  readonly onClose: (gone: () => void) => void;
}

export class ListenerService {
  private readonly world: World;
  private readonly sessions: Sessions;

  constructor(world: World, sessions: Sessions) {
    this.world = world;
    this.sessions = sessions;
  }

  async answer({ method, path, body, onClose }: PrivateRequest): Promise<Reply> {
    const [what, id = "", more, jobId] = path;
    if (method === "POST" && what === "runners") return this.configure(body);
    if (what !== "sessions") throw notFound();
    if (method === "POST" && id === "") return this.connect(body);
    if (method === "DELETE" && more === undefined) return this.disconnect(id);
    if (method === "GET" && more === "messages") return this.poll(id, onClose);
    if (method === "POST" && more === "jobs" && path[4] === "acquire") {
      return { status: 200, body: jobMessage(this.sessions.acquire(id, Number(jobId)), this.world) };
    }
    if (method === "POST" && more === "jobs" && path[4] === "finish") {
      this.sessions.finish(id, { jobId: Number(jobId), conclusion: conclusionOf(body.conclusion) });
      return { status: 200, body: {} };
    }
    throw notFound();
  }

  private connect(body: PrivateRequest["body"]): Reply {
    const session = this.sessions.connect({ secret: String(body.secret), version: String(body.version) });
    return { status: 200, body: { session: session.id, runner: session.runner.name } };
  }

  private disconnect(id: string): Reply {
    this.sessions.disconnect(id);
    return { status: 204 };
  }

  private async poll(id: string, onClose: PrivateRequest["onClose"]): Promise<Reply> {
    const message = await this.sessions.poll(id, onClose);
    return message === null ? { status: 202, body: {} } : { status: 200, body: message };
  }

  /** Registration with a token: what `config.sh` does. */
  private configure(body: PrivateRequest["body"]): Reply {
    const token = this.world.registrationTokens.get(String(body.token));
    if (token === undefined || token.expiresAt <= this.world.now()) throw new Refusal(404, "Not Found");
    if (!isUrlOf(token.scope, { given: String(body.url), world: this.world })) throw new Refusal(404, "Not Found");
    const runner = register(this.world, {
      scope: token.scope,
      name: String(body.name),
      groupId: this.groupId(token.scope, String(body.group)),
      labels: ["self-hosted", "Linux", "X64", ...String(body.labels).split(",")].filter((label) => label !== ""),
      ephemeral: body.ephemeral === true,
      jit: false,
      workFolder: String(body.work),
    });
    return { status: 200, body: { files: runnerFiles(runner, this.world) } };
  }

  private groupId(scope: Scope, name: string): number {
    if (scope.kind === "repo" || name.toLowerCase() === "default") return 1;
    const group = this.world.groupsOf(accountOf(scope)).find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (group === undefined) throw new Refusal(404, `Could not find any self-hosted runner group named "${name}".`);
    return group.id;
  }
}

function isUrlOf(scope: Scope, { given, world }: { readonly given: string; readonly world: World }): boolean {
  const name = scope.kind === "repo" ? scope.repository.fullName : scope.account.login;
  return given.toLowerCase().replace(/\/$/, "") === `${world.url}/${name}`.toLowerCase();
}

function conclusionOf(given: unknown): Conclusion {
  if (given === "success" || given === "failure" || given === "cancelled") return given;
  throw new Refusal(400, "no such conclusion");
}
