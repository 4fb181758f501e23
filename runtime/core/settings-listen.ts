/** Where the server listens, taken apart. One reader for the config file and `--listen`. */
export interface ListenAddress {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** `host:port`, with an IPv6 address in brackets (`[::1]:7433`); `undefined` for anything else. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)):([0-9]{1,5})$/.exec(text);
  if (match === null || text.length > 300) return undefined;
  const host = match[1] ?? match[2];
  const port = Number(match[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}
