/** The browser of somebody who makes an app with `onejob init`: reads the page, and comes back from GitHub. */
import { until } from "./terminal";
import type { Terminal } from "./terminal";

export interface Browser {
  readonly pageUrl: string;
  readonly page: string;
  /** As the form would send it. */
  readonly manifest: Record<string, unknown>;
  /** Where the buttons lead. */
  readonly actions: readonly URL[];
  /** Comes back from GitHub. */
  readonly comeBack: (query: Readonly<Record<string, string>>) => Promise<Response>;
  readonly state: string;
}

/** Waits for the page's address, and reads the page. */
export async function openPage(terminal: Terminal): Promise<Browser> {
  const address = /http:\/\/127\.0\.0\.1:\d+\/\S+/;
  await until(() => address.test(terminal.said));
  const [pageUrl = ""] = address.exec(terminal.said) ?? [];
  const page = await (await fetch(pageUrl)).text();
  const plain = page.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  const [, manifestText = "{}"] = /name="manifest" value="(.*?)"><button/.exec(plain) ?? [];
  const manifest = JSON.parse(manifestText) as Record<string, unknown>;
  const actions = [...page.matchAll(/action="([^"]+)"/g)].map(([, action = ""]) => new URL(action));
  const state = actions[0]?.searchParams.get("state") ?? "";
  const comeBack = (query: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(`${String(manifest["redirect_url"])}?${new URLSearchParams(query).toString()}`);
  return { pageUrl, page, manifest, actions, comeBack, state };
}
