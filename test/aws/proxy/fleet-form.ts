/** The form of a call of `CreateFleet`: what is wanted where, and the same with less of it. */

export interface Override {
  readonly index: number;
  readonly type: string;
  readonly subnet: string;
}

export interface Change {
  /** Only this pool … */
  readonly override?: Override;
  /** … and so many of it. */
  readonly count?: number;
  readonly ami?: string | undefined;
}

const pools = "LaunchTemplateConfigs.1.Overrides";
const template = "LaunchTemplateConfigs.1.LaunchTemplateSpecification";
const target = "TargetCapacitySpecification";

export class FleetForm {
  readonly #params: URLSearchParams;

  constructor(body: Buffer) {
    this.#params = new URLSearchParams(body.toString());
  }

  get token(): string | undefined {
    return this.#params.get("ClientToken") ?? undefined;
  }

  get market(): string {
    return this.#params.get(`${target}.DefaultTargetCapacityType`) ?? "on-demand";
  }

  get capacity(): number {
    return Number(this.#params.get(`${target}.TotalTargetCapacity`));
  }

  get template(): string {
    return this.#params.get(`${template}.LaunchTemplateName`) ?? "";
  }

  get version(): string {
    return this.#params.get(`${template}.Version`) ?? "$Default";
  }

  get overrides(): readonly Override[] {
    const found: Override[] = [];
    for (let index = 1; this.#params.has(`${pools}.${index}.SubnetId`); index += 1) {
      const at = `${pools}.${index}`;
      const type = this.#params.get(`${at}.InstanceType`) ?? "";
      found.push({ index, type, subnet: this.#params.get(`${at}.SubnetId`) ?? "" });
    }
    return found;
  }

  /** All that has to be the same for a token to mean the same call; in any order. */
  get words(): string {
    return [...this.#params]
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join("\n");
  }

  asked({ override, count, ami }: Change): URLSearchParams {
    const kept = [...this.#params].filter(
      ([name]) =>
        override === undefined || !name.startsWith(`${pools}.`) || name.startsWith(`${pools}.${override.index}.`),
    );
    const params = new URLSearchParams(
      kept.map(([name, value]) => [
        override === undefined ? name : name.replace(`${pools}.${override.index}.`, `${pools}.1.`),
        value,
      ]),
    );
    if (count !== undefined) params.set(`${target}.TotalTargetCapacity`, String(count));
    const left = override === undefined ? this.overrides.length : 1;
    for (let index = 1; ami !== undefined && index <= left; index += 1) params.set(`${pools}.${index}.ImageId`, ami);
    return params;
  }
}
