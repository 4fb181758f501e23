/** Ingress by a private REST API: nothing but an endpoint of your own VPC leads to it. */
import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ingressRoutes, throttle } from "./ingress-routes";
import type { IngressParts, IngressRoute, IngressWay } from "./ingress-routes";
import type { Place } from "./place";

export interface PrivateApiParts extends IngressParts {
  readonly place: Place;
  readonly vpcEndpointId: pulumi.Input<string> | undefined;
  readonly allowedCidrs: readonly string[] | undefined;
  readonly vpcId: pulumi.Input<string>;
  readonly subnetIds: pulumi.Output<string[]>;
}

const stageName = "onejob";
const https = 443;

export function createPrivateApi(name: string, parts: PrivateApiParts, parent: pulumi.Resource): IngressWay {
  const { place, tags } = parts;
  const vpcEndpointId = pulumi.output(parts.vpcEndpointId ?? createEndpoint(name, parts, parent).id);
  const [body, policy] = [bodyOf(parts), callersOf(vpcEndpointId, parts)];
  const api = new aws.apigateway.RestApi(
    name,
    {
      description: `onejob ${parts.fleet}: webhooks, machines, people`,
      endpointConfiguration: { types: "PRIVATE", vpcEndpointIds: [vpcEndpointId] },
      // Folders and signed webhooks have to arrive byte by byte.
      binaryMediaTypes: ["*/*"],
      body,
      // Here, not as a resource of its own: each new body would wipe that. https://github.com/pulumi/pulumi-aws/issues/4296
      policy,
      tags,
    },
    { parent },
  );
  createStage(name, { api, changes: pulumi.all([body, policy]), tags }, parent);
  for (const route of ingressRoutes) permit(`${name}-${route.to}`, { route, parts, api }, parent);
  // With the endpoint's id in it, the name needs no private DNS.
  const url = pulumi.interpolate`https://${api.id}-${vpcEndpointId}.execute-api.${place.region}.amazonaws.com/${stageName}`;
  return {
    urls: { webhook: url, agent: url, api: url },
    /** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html */
    failures: {
      namespace: "AWS/ApiGateway",
      metricName: "5XXError",
      dimensions: { ApiName: api.name, Stage: stageName },
    },
  };
}

function createEndpoint(name: string, parts: PrivateApiParts, parent: pulumi.Resource): aws.ec2.VpcEndpoint {
  const { fleet, place, vpcId, subnetIds, allowedCidrs, tags } = parts;
  const cidrBlocks = allowedCidrs ? [...allowedCidrs] : cidrBlocksOf(vpcId, parent);
  const door = new aws.ec2.SecurityGroup(
    `${name}-endpoint`,
    {
      vpcId,
      description: `onejob ${fleet}: https from those who may`,
      ingress: [{ protocol: "tcp", fromPort: https, toPort: https, cidrBlocks }],
      egress: [],
      tags,
    },
    { parent },
  );
  return new aws.ec2.VpcEndpoint(
    name,
    {
      vpcId,
      // AWS refuses two of one zone, and only it knows their zones.
      subnetIds,
      vpcEndpointType: "Interface",
      serviceName: pulumi.interpolate`com.amazonaws.${place.region}.execute-api`,
      securityGroupIds: [door.id],
      // It would take over the names of every other API for the whole VPC.
      privateDnsEnabled: false,
      tags,
    },
    { parent },
  );
}

/** The whole API as one document: resources, methods and integrations would be twenty of Pulumi's. */
function bodyOf({ fleet, functions, place }: PrivateApiParts): pulumi.Output<string> {
  const paths = ingressRoutes.map(({ to, method, path, iam }) => {
    const integration = {
      type: "aws_proxy",
      httpMethod: "POST",
      uri: functions[to].invokeArn,
      passthroughBehavior: "when_no_match",
    };
    const verb = method === "ANY" ? "x-amazon-apigateway-any-method" : method.toLowerCase();
    const security = iam ? { security: [{ sigv4: [] }] } : {};
    return [path, { [verb]: { ...security, "x-amazon-apigateway-integration": integration } }] as const;
  });
  const sigv4 = { type: "apiKey", name: "Authorization", in: "header", "x-amazon-apigateway-authtype": "awsSigv4" };
  return pulumi.jsonStringify({
    openapi: "3.0.1",
    info: { title: pulumi.interpolate`onejob-${fleet}-${place.region}`, version: "1" },
    paths: Object.fromEntries(paths),
    components: { securitySchemes: { sigv4 } },
  });
}

/** A VPC may have been given more addresses since it was made. */
function cidrBlocksOf(id: pulumi.Input<string>, parent: pulumi.Resource): pulumi.Output<string[]> {
  const { cidrBlockAssociations } = aws.ec2.getVpcOutput({ id }, { parent });
  return cidrBlockAssociations.apply((blocks) => blocks.map(({ cidrBlock }) => cidrBlock));
}

/**
 * Who may call what, all of them through the endpoint: forges and machines authenticate by themselves, people are of this
 * account. The API's own id is not known before it is made, and the policy is of no other API anyway.
 */
function callersOf(vpcEndpointId: pulumi.Output<string>, { place }: PrivateApiParts): pulumi.Output<string> {
  const { partition, region, accountId } = place;
  const api = pulumi.interpolate`arn:${partition}:execute-api:${region}:${accountId}:*`;
  const paths = (...ends: readonly string[]) => ends.map((end) => pulumi.interpolate`${api}/${stageName}/${end}`);
  const statement = (Sid: string, Effect: "Allow" | "Deny", Resource: readonly pulumi.Input<string>[]) => ({
    ...{ Sid, Effect, Principal: "*", Action: "execute-api:Invoke", Resource },
  });
  const ours = { "aws:PrincipalAccount": accountId };
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      statement("ForgesAndMachines", "Allow", paths("POST/webhooks/*", "*/agent/*")),
      { ...statement("PeopleOfThisAccount", "Allow", paths("*/api/*")), Condition: { StringEquals: ours } },
      { ...statement("NobodyElseAsPeople", "Deny", paths("*/api/*")), Condition: { StringNotEquals: ours } },
      {
        ...statement("OnlyThroughOurEndpoint", "Deny", [pulumi.interpolate`${api}/*`]),
        Condition: { StringNotEquals: { "aws:SourceVpce": vpcEndpointId } },
      },
    ],
  });
}

interface StageParts {
  readonly api: aws.apigateway.RestApi;
  /** An API's changes reach nobody before they are deployed. */
  readonly changes: pulumi.Output<string[]>;
  readonly tags: PrivateApiParts["tags"];
}

function createStage(name: string, { api, changes, tags }: StageParts, parent: pulumi.Resource): void {
  const redeployment = changes.apply((texts) => createHash("sha256").update(texts.join("\n")).digest("hex"));
  const deployment = new aws.apigateway.Deployment(name, { restApi: api.id, triggers: { redeployment } }, { parent });
  const stage = new aws.apigateway.Stage(
    name,
    { restApi: api.id, deployment: deployment.id, stageName, tags },
    { parent },
  );
  new aws.apigateway.MethodSettings(
    name,
    { restApi: api.id, stageName: stage.stageName, methodPath: "*/*", settings: throttle },
    { parent },
  );
}

interface Permitted {
  readonly route: IngressRoute;
  readonly parts: PrivateApiParts;
  readonly api: aws.apigateway.RestApi;
}

function permit(name: string, { route, parts, api }: Permitted, parent: pulumi.Resource): void {
  new aws.lambda.Permission(
    name,
    {
      function: parts.functions[route.to].name,
      action: "lambda:InvokeFunction",
      principal: "apigateway.amazonaws.com",
      sourceArn: pulumi.interpolate`${api.executionArn}/*`,
    },
    { parent },
  );
}
