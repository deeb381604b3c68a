/** Subresources that are wired by name: binding, eviction, finalize. */
import type { HttpResponse } from "#lib/http.ts";
import type { Binding, Eviction, KubeObject, Namespace } from "#api/types.ts";
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
