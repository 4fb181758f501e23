/**
 * The component plugin as Pulumi's engine runs it for a program in another language: Pulumi's own plugin runner, in the
 * folder of that program, asked over gRPC.
 */
import { spawn } from "node:child_process";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  ConstructRequest,
  type ConstructResponse,
  GetSchemaRequest,
  type GetSchemaResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

export interface Constructed {
  readonly urn: string;
  readonly state: Record<string, unknown>;
}

export interface Construct {
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly preview: boolean;
  /** By input: what its value came from. */
  readonly dependencies?: Readonly<Record<string, readonly string[]>>;
}

export interface PluginHost {
  readonly schema: () => Promise<string>;
  /** Rejects with gRPC's own error. */
  readonly construct: (what: Construct) => Promise<Constructed>;
  readonly close: () => Promise<void>;
}

const runner = require.resolve("@pulumi/pulumi/cmd/run-plugin/index.js");

export async function startPlugin(where: {
  readonly plugin: string;
  /** Folder of the program that uses it. */
  readonly program: string;
  readonly engine: string;
}): Promise<PluginHost> {
  const child = spawn(process.execPath, [runner, where.plugin, where.engine], {
    cwd: where.program,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const said: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("close", () => reject(new Error(`the plugin ended: ${Buffer.concat(said).toString()}`)));
  });
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    schema: async () => {
      const response = await ask<GetSchemaResponse>((answer) => client.getSchema(new GetSchemaRequest(), answer));
      return response.getSchema();
    },
    construct: async (what) => {
      const request = requestOf(what, where.engine);
      const response = await ask<ConstructResponse>((answer) => client.construct(request, answer));
      return { urn: response.getUrn(), state: response.getState()?.toJavaScript() ?? {} };
    },
    close: async () => {
      client.close();
      child.kill();
      await ended;
    },
  };
}

function requestOf({ name, inputs, preview, dependencies = {} }: Construct, engine: string): ConstructRequest {
  const request = new ConstructRequest()
    .setProject("other")
    .setStack("dev")
    .setOrganization("organization")
    .setParallel(16)
    .setDryrun(preview)
    .setMonitorendpoint(engine)
    .setType("onejob:index:RunnerFleet")
    .setName(name)
    .setInputs(Struct.fromJavaScript(inputs as Record<string, JavaScriptValue>));
  for (const [input, urns] of Object.entries(dependencies))
    request.getInputdependenciesMap().set(input, new ConstructRequest.PropertyDependencies().setUrnsList([...urns]));
  return request;
}

function ask<Answer>(
  call: (answer: (error: ServiceError | null, response: Answer) => void) => unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(error)));
  });
}
