/** Several processes that speak for one source, at one clock, sharing what they know through one ledger. */
import type { GithubClient } from "../../../runtime/sources/github/client";
import type { Sharing } from "../../../runtime/sources/github";
import { connect } from "../../../runtime/sources/github/connection";
import { openSpeakers } from "../../../runtime/sources/github/speakers";
import type { GithubSourceSettings } from "../../../runtime/core/settings";
import type { Note } from "../../../runtime/core/ports";
import { MemoryLedger } from "../../fakes/memory-ledger";
import { Bench, byApp } from "./source-bench";
import { ok, type ScriptedGithub } from "./scripted-github";

export const hour = 3_600_000;
export const runners = "GET /repos/acme/widgets/actions/runners";
export const lookUp = "GET /repos/acme/widgets/installation";
export const tokens = (id: number) => `POST /app/installations/${id}/access_tokens`;

export class FleetOfSources {
  readonly bench: Bench;
  /** Operations on the ledger, in their order. */
  readonly operations: string[] = [];
  readonly saved: Note[] = [];
  /** In place of the ledger's answer. */
  trouble: Error | undefined;
  private readonly github: ScriptedGithub;
  private readonly ledger: MemoryLedger;

  /** Installation 9, whose tokens live an hour. */
  constructor(github: ScriptedGithub) {
    this.github = github;
    this.bench = new Bench(github.url, { auth: byApp });
    this.ledger = new MemoryLedger({ clock: { now: () => this.bench.now } });
    github.on(lookUp, ok({ id: 9, permissions: {}, events: [], suspended_at: null }));
    github.on(tokens(9), (_asked, times) => this.made(`ghs_token_${times}`));
    github.on(runners, ok({ runners: [] }));
  }

  made(token: string) {
    return { status: 201, body: { token, expires_at: new Date(this.github.now + hour).toISOString() } };
  }

  pass(ms: number): void {
    this.bench.now += ms;
    this.github.now += ms;
  }

  /** A process that starts now. */
  start(changes: Partial<Sharing> = {}, settings: Partial<GithubSourceSettings> = {}): Speaker {
    const sharing = { notes: this.notes, tokens: true, processes: 1, ...changes };
    const options = { ...this.bench.options, settings: { ...this.bench.settings, ...settings }, sharing };
    return new Speaker(openSpeakers(connect(options)).client);
  }

  readonly notes: Sharing["notes"] = {
    readNote: async (name) => {
      this.operations.push("read");
      await this.answer();
      return this.ledger.readNote(name);
    },
    saveNote: async (note) => {
      this.operations.push("save");
      await this.answer();
      this.saved.push(note);
      return this.ledger.saveNote(note);
    },
  };

  /** Everybody who asked meanwhile is answered after that, so that all of them race. */
  private async answer(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.trouble !== undefined) throw this.trouble;
  }
}

export class Speaker {
  private readonly client: GithubClient;

  constructor(client: GithubClient) {
    this.client = client;
  }

  async ask(scope = "acme/widgets", what = "runners"): Promise<void> {
    await this.client.call({ scope, right: "runners", path: `/repos/${scope}/actions/${what}` }, () => undefined);
  }
}
