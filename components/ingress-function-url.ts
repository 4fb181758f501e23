/** Ingress by function URLs: one for each function, free, no other service between. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { ingressRoutes } from "./ingress-routes";
import type { IngressParts, IngressRoute, IngressUrls, IngressWay } from "./ingress-routes";

export function createFunctionUrls(name: string, parts: IngressParts, parent: pulumi.Resource): IngressWay {
  const urls = ingressRoutes.map((route) => [route.to, createUrl(`${name}-${route.to}`, { route, parts }, parent)]);
  return {
    urls: Object.fromEntries(urls) as IngressUrls,
    /** @see https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html */
    failures: {
      namespace: "AWS/Lambda",
      metricName: "Url5xxCount",
      dimensions: { FunctionName: parts.functions.webhook.name },
    },
  };
}

function createUrl(
  name: string,
  { route, parts }: { readonly route: IngressRoute; readonly parts: IngressParts },
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const lambda = parts.functions[route.to];
  const authorizationType = route.iam ? "AWS_IAM" : "NONE";
  const url = new aws.lambda.FunctionUrl(name, { functionName: lambda.name, authorizationType }, { parent });
  if (!route.iam) openToAll(name, lambda, parent);
  return url.functionUrl.apply((text) => text.replace(/\/+$/, ""));
}

/** Both are needed since 2025-10. @see https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html */
function openToAll(name: string, lambda: aws.lambda.Function, parent: pulumi.Resource): void {
  new aws.lambda.Permission(
    `${name}-url`,
    { function: lambda.name, principal: "*", action: "lambda:InvokeFunctionUrl", functionUrlAuthType: "NONE" },
    { parent },
  );
  new aws.lambda.Permission(
    `${name}-invoke`,
    { function: lambda.name, principal: "*", action: "lambda:InvokeFunction", invokedViaFunctionUrl: true },
    { parent },
  );
}
