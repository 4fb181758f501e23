/** Ingress by one HTTP API, throttled: 1.00 USD per million requests. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ingressRoutes, throttle } from "./ingress-routes";
import type { IngressParts, IngressRoute, IngressWay } from "./ingress-routes";

export function createHttpApi(name: string, parts: IngressParts, parent: pulumi.Resource): IngressWay {
  const { fleet, tags } = parts;
  const api = new aws.apigatewayv2.Api(
    name,
    { protocolType: "HTTP", description: `onejob ${fleet}: webhooks, machines, people`, tags },
    { parent },
  );
  for (const route of ingressRoutes) createRoute(`${name}-${route.to}`, { route, parts, api }, parent);
  const stage = new aws.apigatewayv2.Stage(
    name,
    { apiId: api.id, name: "$default", autoDeploy: true, defaultRouteSettings: throttle, tags },
    { parent },
  );
  return {
    urls: { webhook: api.apiEndpoint, agent: api.apiEndpoint, api: api.apiEndpoint },
    /** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html */
    failures: {
      namespace: "AWS/ApiGateway",
      metricName: "5xx",
      dimensions: { ApiId: api.id, Stage: stage.name },
    },
  };
}

interface RouteParts {
  readonly route: IngressRoute;
  readonly parts: IngressParts;
  readonly api: aws.apigatewayv2.Api;
}

function createRoute(name: string, { route, parts, api }: RouteParts, parent: pulumi.Resource): void {
  const lambda = parts.functions[route.to];
  const integration = new aws.apigatewayv2.Integration(
    name,
    {
      apiId: api.id,
      integrationType: "AWS_PROXY",
      integrationUri: lambda.invokeArn,
      payloadFormatVersion: "2.0",
    },
    { parent },
  );
  new aws.apigatewayv2.Route(
    name,
    {
      apiId: api.id,
      routeKey: `${route.method} ${route.path}`,
      target: pulumi.interpolate`integrations/${integration.id}`,
      authorizationType: route.iam ? "AWS_IAM" : "NONE",
    },
    { parent },
  );
  new aws.lambda.Permission(
    name,
    {
      function: lambda.name,
      action: "lambda:InvokeFunction",
      principal: "apigateway.amazonaws.com",
      sourceArn: pulumi.interpolate`${api.executionArn}/*`,
    },
    { parent },
  );
}
