/** The page of a job at its forge, as people copy it from the browser: the last part of its path is the job's id. */
export interface JobPage {
  readonly host: string;
  readonly id: string;
}

/** `undefined` for anything that is no such address. */
export function readJobUrl(text: string): JobPage | undefined {
  const match = /^https?:\/\/([^/?#@\s]+)\/(?:[^?#\s]*\/)?(\d+)\/?(?:[?#]\S*)?$/i.exec(text);
  const [, host, id] = match ?? [];
  return host === undefined || id === undefined ? undefined : { host: host.toLowerCase(), id };
}
