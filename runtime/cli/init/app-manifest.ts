/**
 * The GitHub App that `onejob init --create-app` asks for: what it may do, and the page that sends it on.
 * https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
export interface AppWish {
  /** Of the web pages, without a slash at its end. */
  readonly url: string;
  /** All of one owner. */
  readonly scopes: readonly string[];
  /** Where webhooks go; `null`: none are sent. */
  readonly webhookUrl: string | null;
}

/** GitHub wants an address even for a webhook that is off; this name belongs to nobody (RFC 2606). */
const unusedHook = "https://example.com/webhooks/unused";
/** Of GitHub, for the name of an app. */
const longestName = 34;

export function appManifest({ url, scopes, webhookUrl }: AppWish, redirectUrl: string): unknown {
  const owner = ownerOf(scopes);
  return {
    name: `onejob-${owner}`.slice(0, longestName),
    url: `${url}/${owner}`,
    hook_attributes: { url: webhookUrl ?? unusedHook, active: webhookUrl !== null },
    redirect_url: redirectUrl,
    public: false,
    default_permissions: {
      actions: "write",
      metadata: "read",
      ...(scopes.some(isRepository) ? { administration: "write" } : {}),
      ...(scopes.every(isRepository) ? {} : { organization_self_hosted_runners: "write" }),
    },
    default_events: ["workflow_job", "workflow_run"],
  };
}

/** Where the form may go: of a repository's owner only GitHub knows whether it is an organisation. */
export function formTargets(
  { url, scopes }: AppWish,
  state: string,
): { readonly label: string; readonly action: string }[] {
  const owner = ownerOf(scopes);
  const query = `settings/apps/new?state=${encodeURIComponent(state)}`;
  const organization = {
    label: `Create it in the organisation ${owner}`,
    action: `${url}/organizations/${owner}/${query}`,
  };
  if (!scopes.every(isRepository)) return [organization];
  return [organization, { label: `Create it in the account ${owner}, my own`, action: `${url}/${query}` }];
}

export function ownersOf(scopes: readonly string[]): string[] {
  return [...new Set(scopes.map((scope) => scope.split("/")[0]?.toLowerCase() ?? ""))];
}

function ownerOf(scopes: readonly string[]): string {
  return scopes[0]?.split("/")[0] ?? "";
}

function isRepository(scope: string): boolean {
  return scope.includes("/");
}

export function startPage(
  wish: AppWish,
  { state, redirectUrl }: { readonly state: string; readonly redirectUrl: string },
): string {
  const manifest = escaped(JSON.stringify(appManifest(wish, redirectUrl)));
  const forms = formTargets(wish, state).map(
    ({ label, action }) =>
      `<form method="post" action="${escaped(action)}"><input type="hidden" name="manifest" value="${manifest}"><button>${escaped(label)}</button></form>`,
  );
  return page(
    "Create a GitHub App",
    `<p>GitHub shows what the app may do, and asks before it makes it. It comes back here with the app's key.</p>${forms.join("")}`,
  );
}

export function donePage(installUrl: string): string {
  return page(
    "The app is made",
    `<p>Its key is kept beside the config file. One step is left: <a href="${escaped(installUrl)}">install the app</a>. The terminal says what comes then.</p>`,
  );
}

export function problemPage(text: string): string {
  return page("This did not work", `<p>${escaped(text)}</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Onejob</title><body><h1>${escaped(title)}</h1>${body}</body></html>\n`;
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (letter) => entities[letter] ?? letter);
}
