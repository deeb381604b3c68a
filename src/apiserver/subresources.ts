/** Subresources that are wired by name: binding, eviction, finalize. */
import type { HttpResponse } from "#lib/http.ts";
<<<<<<< HEAD
import type { Binding, Eviction, KubeObject, Namespace } from "#api/types.ts";
=======
import { formatLabelSelector, fromLabelSelector, type LabelSelectorLike } from "#lib/selectors.ts";
import { internalError, invalid } from "#api/errors.ts";
import type { ScalePaths } from "#api/scheme.ts";
import type { Binding, Eviction, KubeObject, Namespace, Scale } from "#api/types.ts";
import type { Entry } from "#store/index.ts";
>>>>>>> 96461ef (wip)
import { admitSubresource } from "./admission/subresources.ts";
import { decodeObject, type Checks } from "./decode.ts";
import { evictPod } from "./registry/eviction.ts";
import { bindPod } from "./registry/pods.ts";
import { finalize } from "./registry/namespaces.ts";
import type { Registry, Stored } from "./registry/registry.ts";
import { answerEntry, checksOf, writeRequest, type Call } from "./resource-handlers.ts";
import { json } from "./response.ts";

const SUCCESS = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };

/** The kinds of subresource bodies. */
const BODY = {
  binding: { group: "", version: "v1", kind: "Binding", model: "io.k8s.api.core.v1.Binding" },
  eviction: { group: "policy", version: "v1", kind: "Eviction", model: "io.k8s.api.policy.v1.Eviction" },
};

function bodyChecks(call: Call, kind: keyof typeof BODY): Checks {
  return { ...checksOf(call), definition: BODY[kind] };
}

/** The body as admission leaves it. */
async function admitBody<T extends KubeObject>(call: Call, operation: "CREATE" | "UPDATE", kind: keyof typeof BODY, object: T, oldObject?: T): Promise<T> {
  const asked = { operation, kind: BODY[kind], object, ...(oldObject ? { oldObject } : {}) };
  return (await admitSubresource(call.registry, writeRequest(call), call.target, asked)) as T;
}

export async function handleBinding(call: Call): Promise<HttpResponse> {
  const binding = (await decodeObject(call.http, bodyChecks(call, "binding"))) as unknown as Binding;
  const admitted = await admitBody(call, "CREATE", "binding", binding);
  await bindPod(call.registry, writeRequest(call), call.target.name, admitted);
  return json(201, SUCCESS);
}

/** `POST bindings`: the binding of the pod that the Binding is named after. */
export async function handleTopLevelBinding(call: Call, pods: Registry): Promise<HttpResponse> {
  const binding = (await decodeObject(call.http, checksOf(call))) as unknown as Binding;
  const admitted = await admitBody(call, "CREATE", "binding", binding);
  await bindPod(pods, writeRequest(call), admitted.metadata.name ?? "", admitted);
  return json(201, SUCCESS);
}

export async function handleEviction(call: Call, budgets: Registry): Promise<HttpResponse> {
  const eviction = (await decodeObject(call.http, bodyChecks(call, "eviction"))) as unknown as Eviction;
  const admitted = await admitBody(call, "CREATE", "eviction", eviction);
  await evictPod({ pods: call.registry, budgets }, writeRequest(call), call.target.name, admitted);
  return json(201, SUCCESS);
}

export async function handleFinalize(call: Call): Promise<HttpResponse> {
  const { registry, target } = call;
  const next = (await decodeObject(call.http, checksOf(call))) as Namespace;
  const request = { ...writeRequest(call), namespace: "" };
  const change = (current: Stored): Stored => finalize(current as Namespace, next);
  return answerEntry(call, 200, await registry.update(request, target.name, change, target));
}
<<<<<<< HEAD
=======

/** GET, PUT and PATCH of `scale`. */
export async function handleScale(call: Call, paths: ScalePaths): Promise<HttpResponse> {
  const { registry, target } = call;
  const { verb, name, namespace } = target;
  const exists = (object: Stored): boolean => readPath(object, paths.specReplicas) !== undefined;
  if (verb === "get") {
    const entry = registry.get(namespace, name);
    // Built-in kinds have a default.
    if (!exists(objectOf(entry))) throw internalError(`the spec replicas field ${JSON.stringify(paths.specReplicas)} does not exist`);
    return json(200, scaleOf(entry, paths));
  }
  const checks = bodyChecks(call, "scale");
  let change: (current: Scale) => Scale;
  if (verb === "patch") {
    change = readPatch(call, checks) as unknown as typeof change;
  } else {
    const body = (await decodeObject(call.http, checks)) as unknown as Scale;
    change = () => body;
  }
  const entry = await registry.update(
    writeRequest(call),
    name,
    async (current) => {
      const old = scaleFrom(current, paths);
      const next = await admitBody(call, "UPDATE", "scale", change(structuredClone(old)), old);
      const replicas = next.spec?.replicas ?? 0;
      if (replicas < 0) {
        throw invalid({ group: "autoscaling", resource: "Scale", name }, [
          { field: "spec.replicas", type: "Invalid", message: `Invalid value: ${replicas}: must be greater than or equal to 0` },
        ]);
      }
      if (next.metadata?.resourceVersion) current.metadata.resourceVersion = next.metadata.resourceVersion;
      writePath(current, paths.specReplicas, replicas);
      return current;
    },
    { admitted: true },
  );
  return json(200, scaleOf(entry, paths));
}

function scaleOf(entry: Entry, paths: ScalePaths): Scale {
  return scaleFrom(objectOf(entry), paths);
}

function scaleFrom(object: Stored, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = paths.selector === undefined ? "" : readPath(object, paths.selector);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: Number(readPath(object, paths.specReplicas) ?? 0) },
    status: {
      replicas: Number(readPath(object, paths.statusReplicas) ?? 0),
      ...(selector === "" ? {} : { selector: typeof selector === "string" ? selector : formatLabelSelector(fromLabelSelector(selector as LabelSelectorLike) ?? []) }),
    },
  };
}

const steps = (path: string): string[] => path.split(".").filter((step) => step !== "");

function readPath(object: unknown, path: string): unknown {
  return steps(path).reduce<unknown>((value, step) => (value as Record<string, unknown> | null | undefined)?.[step], object);
}

function writePath(object: unknown, path: string, value: unknown): void {
  const names = steps(path);
  const last = names.pop()!;
  let target = object as Record<string, unknown>;
  for (const name of names) target = (target[name] ??= {}) as Record<string, unknown>;
  target[last] = value;
}
>>>>>>> 96461ef (wip)
