/** `resolve:ssm:NAME` in a launch template: EC2 looks the parameter up at each launch; moto takes it for an image's id. */
import type { Arrived } from "./door";
import type { FleetForm } from "./fleet-form";
import type { Forwarder } from "./forward";

export type Image =
  | { readonly kind: "plain" }
  | { readonly kind: "resolved"; readonly ami: string }
  | { readonly kind: "unknown"; readonly name: string };

const prefix = "resolve:ssm:";

export async function imageOf(form: FleetForm, asked: Arrived, forward: Forwarder): Promise<Image> {
  const question = new URLSearchParams({
    Action: "DescribeLaunchTemplateVersions",
    Version: "2016-11-15",
    LaunchTemplateName: form.template,
    "LaunchTemplateVersion.1": form.version,
  });
  const described = await forward.sendForm(asked, question);
  const id = /<imageId>([^<]*)<\/imageId>/.exec(described.body.toString())?.[1] ?? "";
  // A template that is not there is for moto to refuse.
  if (described.status !== 200 || !id.startsWith(prefix)) return { kind: "plain" };
  const [Name = ""] = id.slice(prefix.length).split(":");
  const { status, value } = await forward.ask("AmazonSSM.GetParameter", { Name });
  const ami = (value as { readonly Parameter?: { readonly Value?: string } }).Parameter?.Value;
  if (status !== 200 || ami === undefined || !/^ami-[0-9a-f]{8,17}$/.test(ami)) return { kind: "unknown", name: id };
  return { kind: "resolved", ami };
}
