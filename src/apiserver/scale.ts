/**
 * The `scale` subresource: the number of replicas as an object of its own, whose owner owns the field in
 * the object that is scaled.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/apps/deployment/storage/storage.go
 */
import type { HttpResponse } from "#lib/http.ts";
import { formatLabelSelector, fromLabelSelector, type LabelSelectorLike } from "#lib/selectors.ts";
import { internalError, invalid } from "#api/errors.ts";
import { fieldsOfModel } from "#api/field-schema.ts";
import { zeroOf } from "#api/openapi/zero.ts";
import { apiVersionOf } from "#api/resources.ts";
import type { ScalePaths } from "#api/scheme.ts";
import type { Scale } from "#api/types.ts";
import { admitSubresource } from "./admission/subresources.ts";
import { checkObject, decodeObject, mediaType, type Checks } from "./decode.ts";
import { applyConfiguration, trackUpdate, type Endpoint } from "./fieldmanager/field-manager.ts";
import { EMPTY } from "./fieldmanager/field-set.ts";
import { fieldElement } from "./fieldmanager/path-element.ts";
import { parentManagedFields, scaleManagedFields } from "./fieldmanager/scale.ts";
import { APPLY_PATCH } from "./patch/patch.ts";
import { objectOf, type Stored } from "./registry/registry.ts";
import { applyRequestOf, checksOf, readConfiguration, readPatch, writeRequest, type Call } from "./resource-handlers.ts";
import { json } from "./response.ts";

const MODEL = "io.k8s.api.autoscaling.v1.Scale";
const SCALE = { group: "autoscaling", version: "v1", kind: "Scale", model: MODEL };

/** GET, PUT and PATCH of `scale`. */
export async function handleScale(call: Call, paths: ScalePaths): Promise<HttpResponse> {
  const { registry, target } = call;
  const { verb, name, namespace } = target;
  if (verb === "get") {
    const object = objectOf(registry.get(namespace, name));
    // Built-in kinds have a default.
    if (readPath(object, paths.specReplicas) === undefined) throw internalError(`the spec replicas field ${JSON.stringify(paths.specReplicas)} does not exist`);
    return json(200, scaleOf(object, paths));
  }
  const request = writeRequest(call, isApply(call));
  const change = await changeOf(call, request.fieldManager ?? "");
  const replicasPath = steps(paths.specReplicas).map(fieldElement);
  const entry = await registry.update(
    request,
    name,
    async (current) => {
      const { managedFields } = current.metadata;
      const old = scaleOf(current, paths);
      const live = withManagedFields(old, scaleManagedFields(managedFields, replicasPath));
      const asked = { operation: "UPDATE" as const, kind: SCALE, object: change(live), oldObject: old };
      const next = (await admitSubresource(registry, request, target, asked)) as Scale;
      checkReplicas(next, name);
      if (next.metadata.resourceVersion) current.metadata.resourceVersion = next.metadata.resourceVersion;
      writePath(current, paths.specReplicas, next.spec?.replicas ?? 0);
      current.metadata.managedFields = parentManagedFields(managedFields, next.metadata.managedFields, replicasPath, apiVersionOf(registry.definition));
      return current;
    },
    { admitted: true, ownsFields: true },
  );
  return json(200, scaleOf(objectOf(entry), paths));
}

const isApply = ({ http, target }: Call): boolean => target.verb === "patch" && mediaType(http) === APPLY_PATCH;

/** What the request makes of a Scale, its managed fields included. */
async function changeOf(call: Call, manager: string): Promise<(live: Scale) => Scale> {
  const { registry, http } = call;
  const checks: Checks = { ...checksOf(call), definition: SCALE };
  const now = registry.now();
  if (isApply(call)) {
    const config = await readConfiguration(call);
    const lenient: Checks = { ...checks, validation: "Ignore" };
    return (live) => checkObject(applyConfiguration(endpoint(), live, structuredClone(config), applyRequestOf(call), now), [], lenient) as unknown as Scale;
  }
  const patch = call.target.verb === "patch" ? readPatch(call, checks) : undefined;
  const body = patch ? undefined : await decodeObject(http, checks);
  return (live) => {
    const next = (body ? structuredClone(body) : patch!(structuredClone(live))) as unknown as Scale;
    trackUpdate(endpoint(), live, next, manager, now);
    return next;
  };
}

/** A Scale has one version, and no field that isn't the client's. */
const endpoint = (): Endpoint => ({
  apiVersion: "autoscaling/v1",
  kind: "Scale",
  subresource: "scale",
  schema: fieldsOfModel(MODEL),
  zero: zeroOf(MODEL),
  resetFields: EMPTY,
  schemaChanges: false,
  convert: (object, apiVersion) => (apiVersion === object.apiVersion ? object : undefined),
});

function withManagedFields(scale: Scale, managedFields: Scale["metadata"]["managedFields"]): Scale {
  return managedFields ? { ...scale, metadata: { ...scale.metadata, managedFields } } : scale;
}

function checkReplicas({ spec }: Scale, name: string): void {
  const replicas = spec?.replicas ?? 0;
  if (replicas >= 0) return;
  throw invalid({ group: "autoscaling", resource: "Scale", name }, [
    { field: "spec.replicas", type: "Invalid", message: `Invalid value: ${replicas}: must be greater than or equal to 0` },
  ]);
}

function scaleOf(object: Stored, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = Number(readPath(object, paths.specReplicas) ?? 0);
  const selector = selectorOf(object, paths);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    // Left out when 0, as its type has it upstream.
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: Number(readPath(object, paths.statusReplicas) ?? 0),
      ...(selector === "" ? {} : { selector }),
    },
  };
}

function selectorOf(object: Stored, { selector: path, selectsByLabels }: ScalePaths): string {
  const selector = path === undefined ? "" : readPath(object, path);
  if (typeof selector === "string") return selector;
  const wrapped = selectsByLabels ? { matchLabels: selector } : selector;
  return formatLabelSelector(fromLabelSelector(wrapped as LabelSelectorLike | undefined) ?? []);
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
