/**
 * A Lambda function whose entry is a callback, and whose code is a bundle that was built before. The callback captures
 * what is known only at deployment; everything else is in the bundle. Two files, against the 7,789 of Pulumi's own
 * packaging, which ships the consumer's whole dependency tree.
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export type Handler = (event: unknown, context?: unknown) => Promise<unknown>;

export interface InlineFunctionArgs extends Omit<
  aws.lambda.FunctionArgs,
  "architectures" | "code" | "handler" | "imageUri" | "packageType" | "runtime"
> {
  /**
   * Makes the handler, on Lambda, once per container. It is serialized: three lines at most, capturing local constants
   * only, never `this`, no instances and no secrets. `require("./runtime")` in it is the bundle.
   */
  readonly callbackFactory: () => Handler;
  /** Path of the bundle. */
  readonly bundle: string;
  /** Further files of the archive, by the name they have in it. */
  readonly files?: Readonly<Record<string, string>>;
}

/** One constant for all. @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html */
const platform = { runtime: aws.lambda.Runtime.NodeJS24dX, architectures: ["arm64"] };

export class InlineFunction extends aws.lambda.Function {
  constructor(name: string, args: InlineFunctionArgs, opts?: pulumi.CustomResourceOptions) {
    const { callbackFactory, bundle, files = {}, ...rest } = args;
    const serialized = pulumi.runtime.serializeFunction(callbackFactory, {
      exportName: "handler",
      isFactoryFunction: true,
    });
    const further = Object.entries(files).map(([key, path]) => [key, new pulumi.asset.FileAsset(path)] as const);
    const code = new pulumi.asset.AssetArchive({
      "__index.js": new pulumi.asset.StringAsset(serialized.then(({ text }) => text)),
      "runtime.js": new pulumi.asset.FileAsset(bundle),
      ...Object.fromEntries(further),
    });
    super(name, { ...rest, ...platform, handler: "__index.handler", code }, opts);
  }
}
