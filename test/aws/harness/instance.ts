/** One instance, as what runs on it sees it: its metadata, its role, its tags as EC2 has them at this moment. */
import { DescribeInstancesCommand, type EC2Client } from "@aws-sdk/client-ec2";
import { Imds } from "../../../runtime/agent/aws/imds";
import { runnerOf } from "../../../runtime/compute/ec2/instances";
import type { FleetFacts } from "../../../runtime/core/fleet-facts";
import { FakeImds } from "../../agent/aws/fake-imds";
import type { FakeSts } from "../../compute/ec2/fake-sts";
import type { MadeMachine } from "../proxy/machines";

export interface Surroundings {
  /** Past all rules of the proxy: the host knows its own machine. */
  readonly ec2: EC2Client;
  readonly sts: FakeSts;
  readonly facts: FleetFacts;
}

/** One proof reads several of them. */
const freshMs = 50;

export class Instance {
  readonly machine: MadeMachine;
  readonly #around: Surroundings;
  readonly #imds = new FakeImds();
  #isTold = false;
  #asked: { readonly at: number; readonly answer: Promise<void> } | undefined;

  private constructor(machine: MadeMachine, around: Surroundings) {
    this.machine = machine;
    this.#around = around;
  }

  static async boot(machine: MadeMachine, around: Surroundings): Promise<Instance> {
    const instance = new Instance(machine, around);
    await instance.#imds.start();
    return instance;
  }

  /** For its agent. */
  metadata(): Imds {
    return new FreshImds(this.#imds.url, () => this.#refresh());
  }

  /** EC2 takes it back so soon that its agent has to stop the job at once: else it would wait, by its own clock. */
  warn(): void {
    const time = new Date(Date.now() + 20_000).toISOString();
    this.#imds.paths.set("spot/instance-action", JSON.stringify({ action: "terminate", time }));
  }

  async gone(): Promise<void> {
    await this.#imds.stop();
  }

  /** Until its tags say whose it is; then they stay as they are. */
  #refresh(): Promise<void> {
    const at = performance.now();
    if (this.#asked === undefined || (!this.#isTold && at - this.#asked.at > freshMs))
      this.#asked = { at, answer: this.#ask() };
    return this.#asked.answer;
  }

  async #ask(): Promise<void> {
    const { ec2, sts, facts } = this.#around;
    const { id } = this.machine;
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    const { Tags = [] } = Reservations[0]?.Instances?.[0] ?? {};
    const tags = Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
    this.#imds.become(id, tags);
    const credentials = JSON.parse(this.#imds.paths.get("iam/security-credentials/a-role") ?? "{}") as Readonly<
      Record<"AccessKeyId" | "SecretAccessKey" | "Token", string>
    >;
    const { AccessKeyId, SecretAccessKey: secret, Token: sessionToken } = credentials;
    const { roleId = "" } = facts.machines[tags["onejob:profile"] ?? ""] ?? {};
    sts.sessions.set(AccessKeyId, { secret, sessionToken, account: facts.accountId, userId: `${roleId}:${id}` });
    this.#isTold = runnerOf({ id, tags }) !== undefined;
  }
}

class FreshImds extends Imds {
  readonly #refresh: () => Promise<void>;

  constructor(baseUrl: string, refresh: () => Promise<void>) {
    super({ baseUrl, pauseMs: 5 });
    this.#refresh = refresh;
  }

  override async read(path: string): Promise<string | undefined> {
    if (!path.endsWith("/instance-action")) await this.#refresh();
    return super.read(path);
  }
}
