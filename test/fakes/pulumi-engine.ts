/**
 * As much of Pulumi's engine as its Node program runner needs: it is told of every resource and answers with what a cloud
 * would, refuses a URN that is there already, and keeps what was logged. No provider, no state, no real cloud.
 * @see https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto
 */
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as monitor from "@pulumi/pulumi/proto/resource_pb";

export interface RegisteredResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string;
  readonly inputs: Record<string, unknown>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly ignoreChanges: readonly string[];
}

/** What a provider would say: outputs beside the inputs, and answers to calls. */
export interface FakeProvider {
  readonly stateOf: (resource: RegisteredResource) => Record<string, unknown>;
  readonly call: (token: string, args: Record<string, unknown>) => Readonly<Record<string, unknown>>;
}

export interface FakeEngineOptions {
  readonly project: string;
  readonly stack: string;
  readonly preview: boolean;
  readonly provider: FakeProvider;
}

type Unary<Request, Answer> = (call: ServerUnaryCall<Request, Answer>, answer: sendUnaryData<Answer>) => void;

const nothing: Unary<unknown, Empty> = (_, answer) => answer(null, new Empty());
/** Without output values: they would come wrapped, and every test would have to unwrap them. */
const features = ["secrets", "resourceReferences", "aliasSpecs", "deletedWith", "transforms", "parameterization"];

export class FakeEngine {
  readonly resources: RegisteredResource[] = [];
  readonly logged: { readonly severity: "debug" | "info" | "warning" | "error"; readonly message: string }[] = [];
  /** Of the stack, once it is done. */
  outputs: Record<string, unknown> = {};
  readonly #options: FakeEngineOptions;
  readonly #server = new Server();
  #root = "";

  constructor(options: FakeEngineOptions) {
    this.#options = options;
    this.#server.addService(ResourceMonitorService, {
      supportsFeature: this.#supports,
      getDeploymentInfo: (_: unknown, answer: sendUnaryData<Empty>) => answer({ code: status.UNIMPLEMENTED }),
      registerResource: this.#register,
      registerResourceOutputs: this.#keepOutputs,
      invoke: this.#invoke,
      readResource: this.#read,
      call: (_: unknown, answer: sendUnaryData<Empty>) => answer({ code: status.UNIMPLEMENTED }),
      existsResource: (_: unknown, answer: sendUnaryData<Empty>) => answer({ code: status.UNIMPLEMENTED }),
      registerStackTransform: nothing,
      registerStackInvokeTransform: nothing,
      registerResourceHook: nothing,
      registerErrorHook: nothing,
      registerPackage: (_: unknown, answer: sendUnaryData<monitor.RegisterPackageResponse>) =>
        answer(null, new monitor.RegisterPackageResponse().setRef("package")),
      signalAndWaitForShutdown: nothing,
    });
    this.#server.addService(EngineService, {
      log: this.#log,
      getRootResource: (_: unknown, answer: sendUnaryData<engine.GetRootResourceResponse>) =>
        answer(null, new engine.GetRootResourceResponse().setUrn(this.#root)),
      setRootResource: (
        { request }: { request: engine.SetRootResourceRequest },
        answer: sendUnaryData<engine.SetRootResourceResponse>,
      ) => {
        this.#root = request.getUrn();
        answer(null, new engine.SetRootResourceResponse());
      },
      startDebugging: nothing,
      requirePulumiVersion: (_: unknown, answer: sendUnaryData<engine.RequirePulumiVersionResponse>) =>
        answer(null, new engine.RequirePulumiVersionResponse()),
    });
  }

  /** Answers its address, for monitor and engine alike. */
  listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(`127.0.0.1:${port}`) : reject(error),
      );
    });
  }

  close(): void {
    this.#server.forceShutdown();
  }

  readonly #supports: Unary<monitor.SupportsFeatureRequest, monitor.SupportsFeatureResponse> = ({ request }, answer) =>
    answer(null, new monitor.SupportsFeatureResponse().setHassupport(features.includes(request.getId())));

  readonly #register: Unary<monitor.RegisterResourceRequest, monitor.RegisterResourceResponse> = (
    { request },
    answer,
  ) => {
    const resource = this.#resourceOf(request);
    if (this.resources.some(({ urn }) => urn === resource.urn))
      return answer({ code: status.ALREADY_EXISTS, details: `Duplicate resource URN '${resource.urn}'` });
    this.resources.push(resource);
    const known = !this.#options.preview && request.getCustom();
    const state = { ...resource.inputs, ...this.#options.provider.stateOf(resource) };
    return answer(
      null,
      new monitor.RegisterResourceResponse()
        .setUrn(resource.urn)
        .setId(known ? `${resource.name}-id` : "")
        .setObject(structOf(state)),
    );
  };

  #resourceOf(request: monitor.RegisterResourceRequest): RegisteredResource {
    const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
    const { project, stack } = this.#options;
    const parentTypes = this.#typesOf(parent);
    return {
      urn: `urn:pulumi:${stack}::${project}::${[...parentTypes, type].join("$")}::${name}`,
      ...{ type, name, parent, custom: request.getCustom(), protect: request.getProtect() ?? false },
      inputs: objectOf(request.getObject()),
      retainOnDelete: request.getRetainondelete() ?? false,
      ignoreChanges: request.getIgnorechangesList(),
    };
  }

  /** Of a parent that is not the stack itself. */
  #typesOf(parent: string): readonly string[] {
    const types = parent.split("::")[2] ?? "";
    return parent === "" || types === "pulumi:pulumi:Stack" ? [] : [types];
  }

  readonly #keepOutputs: Unary<monitor.RegisterResourceOutputsRequest, Empty> = ({ request }, answer) => {
    if (request.getUrn().includes("::pulumi:pulumi:Stack::")) this.outputs = objectOf(request.getOutputs());
    answer(null, new Empty());
  };

  readonly #invoke: Unary<monitor.ResourceInvokeRequest, monitor.ResourceInvokeResponse> = ({ request }, answer) => {
    const said = this.#options.provider.call(request.getTok(), objectOf(request.getArgs()));
    answer(null, new monitor.ResourceInvokeResponse().setReturn(structOf(said)));
  };

  readonly #read: Unary<monitor.ReadResourceRequest, monitor.ReadResourceResponse> = ({ request }, answer) => {
    const urn = `urn:pulumi:${this.#options.stack}::${this.#options.project}::${request.getType()}::${request.getName()}`;
    answer(
      null,
      new monitor.ReadResourceResponse().setUrn(urn).setProperties(structOf(objectOf(request.getProperties()))),
    );
  };

  readonly #log: Unary<engine.LogRequest, Empty> = ({ request }, answer) => {
    const severity = (["debug", "info", "warning", "error"] as const)[request.getSeverity()] ?? "error";
    this.logged.push({ severity, message: request.getMessage() });
    answer(null, new Empty());
  };
}

function structOf(object: Readonly<Record<string, unknown>>): Struct {
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(object)) as Record<string, JavaScriptValue>);
}

function objectOf(struct: Struct | undefined): Record<string, unknown> {
  return struct === undefined ? {} : struct.toJavaScript();
}
