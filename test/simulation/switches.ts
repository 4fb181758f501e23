/** Safeties that can be turned off, one at a time: what the simulator then finds shows what each of them is good for. */
export const switches = {} as const satisfies Readonly<Record<string, unknown>>;

export type SwitchName = string;
