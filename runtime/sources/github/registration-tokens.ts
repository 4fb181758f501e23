/** Tokens to register runners with, on servers that know nothing better: one an hour per scope serves all its runners. */
import type { Clock } from "../../core/ports";
import type { GithubClient } from "./client";
import type { Renewable } from "./renewable";
import { renewable } from "./renewable";
import { fields, optionalInstant, textOf } from "./shape";
import { scopePath } from "./urls";

/** Left when a runner gets it: it has to boot before it can register. */
const marginMs = 15 * 60_000;
const usualLifeMs = 3_600_000;

export interface RegistrationTokens {
  of(scope: string): Promise<string>;
}

export function registrationTokens(client: GithubClient, clock: Clock): RegistrationTokens {
  const tokens = new Map<string, Renewable<string>>();
  return {
    of(scope) {
      let token = tokens.get(scope);
      if (token === undefined) {
        token = renewable(clock, () => make(client, scope));
        tokens.set(scope, token);
      }
      return token.get();
    },
  };
}

async function make(client: GithubClient, scope: string): Promise<{ value: string; lastsMs: number }> {
  const path = `${scopePath(scope)}/actions/runners/registration-token`;
  const answer = await client.call({ scope, right: "runners", method: "POST", path }, (body) => {
    const { token, expires_at: until } = fields(body, "the answer");
    return { token: textOf(token, "the token"), until: optionalInstant(until) };
  });
  const { token = "", until = null } = answer.value ?? {};
  const serverNow = answer.receivedAt + (answer.skewMs ?? 0);
  return { value: token, lastsMs: (until ?? serverNow + usualLifeMs) - serverNow - marginMs };
}
