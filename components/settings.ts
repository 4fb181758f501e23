/** The settings in SSM, where the functions read them: one parameter for the fleet, and one for each profile. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { FleetDocuments } from "./fleet-documents";
import type { Tags } from "./tags";

export interface SettingsArgs {
  readonly documents: FleetDocuments;
  /** The functions: what new settings speak of has to be among their facts. A component's `dependsOn` is not enough. */
  readonly after: readonly pulumi.Resource[];
  readonly tags: Tags;
}

export class Settings extends pulumi.ComponentResource {
  constructor(name: string, { documents, after, tags }: SettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Settings", name, {}, opts);
    for (const { key, parameter, json } of documents.parameters) {
      // Not `value`, which Pulumi hides like a secret: a preview should show what changes.
      new aws.ssm.Parameter(
        `${name}-${key}`,
        { name: parameter, type: "String", tier: "Standard", insecureValue: json, tags },
        { parent: this, dependsOn: [...after] },
      );
    }
    this.registerOutputs({ path: documents.path });
  }
}
