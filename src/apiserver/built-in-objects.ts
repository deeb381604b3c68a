/**
 * Objects that tell of the server itself: its flow control, the range of its Services, and an APIService for
 * each version that it serves.
 * @see https://github.com/kubernetes/kube-aggregator/blob/master/pkg/controllers/autoregister/autoregister_controller.go
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controlplane/controller/defaultservicecidr/default_servicecidr_controller.go
 */
import { bodyText, type HttpHandler } from "#lib/http.ts";
import { MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS, SUGGESTED_FLOW_SCHEMAS, SUGGESTED_PRIORITY_LEVELS } from "#api/definitions/flow-control-objects.ts";
import { apiServices, flowSchemas, priorityLevelConfigurations, resourcePath, serviceCIDRs, type Resource } from "#api/resources.ts";
import type { APIService, KubeObject } from "#api/types.ts";
import { listAll, send, type Named } from "./own-writes.ts";

const AUTO_UPDATE = { "apf.kubernetes.io/autoupdate-spec": "true" };
const AUTO_MANAGED = "kube-aggregator.kubernetes.io/automanaged";

/** Group priority and version priority by group; discovery has the groups in this order. */
const PRIORITIES: Record<string, [group: number, version: number]> = {
  "": [18000, 1],
  "events.k8s.io": [17750, 15],
  "authentication.k8s.io": [17700, 15],
  "authorization.k8s.io": [17600, 15],
  apps: [17800, 15],
  autoscaling: [17500, 15],
  batch: [17400, 15],
  "certificates.k8s.io": [17300, 15],
  "networking.k8s.io": [17200, 15],
  policy: [17100, 15],
  "rbac.authorization.k8s.io": [17000, 15],
  "storage.k8s.io": [16800, 15],
  "apiextensions.k8s.io": [16700, 15],
  "admissionregistration.k8s.io": [16700, 15],
  "scheduling.k8s.io": [16600, 15],
  "coordination.k8s.io": [16500, 15],
  "node.k8s.io": [16300, 15],
  "discovery.k8s.io": [16200, 15],
  "flowcontrol.apiserver.k8s.io": [16100, 21],
};
/** Later versions come first. */
const VERSION_PRIORITIES: Record<string, number> = { "autoscaling/v2": 30 };
/** Of custom resources' groups. */
const CUSTOM_PRIORITIES: [group: number, version: number] = [1000, 100];

/** Makes what is missing, and takes away the APIServices of what is served no more. Throws a StatusError. */
export async function ensureBuiltInObjects(handler: HttpHandler, serviceRange: string): Promise<void> {
  await ensureAll(handler, priorityLevelConfigurations, flowControl({ ...MANDATORY_PRIORITY_LEVELS, ...SUGGESTED_PRIORITY_LEVELS }));
  await ensureAll(handler, flowSchemas, flowControl({ ...MANDATORY_FLOW_SCHEMAS, ...SUGGESTED_FLOW_SCHEMAS }), ({ spec, metadata }) => ({
    type: "Dangling",
    status: "False",
    lastTransitionTime: metadata.creationTimestamp!,
    reason: "Found",
    message: `This FlowSchema references the PriorityLevelConfiguration object named "${spec.priorityLevelConfiguration.name}" and it exists`,
  }));
  await ensureAll(handler, serviceCIDRs, [{ metadata: { name: "kubernetes" }, spec: { cidrs: [serviceRange] } }], ({ metadata }) => ({
    type: "Ready",
    status: "True",
    lastTransitionTime: metadata.creationTimestamp!,
    reason: "",
    message: "Kubernetes Service CIDR is ready",
  }));
  await ensureApiServices(handler);
}

function flowControl(specs: Record<string, object>): Named[] {
  return Object.entries(specs).map(([name, spec]) => ({ metadata: { name, annotations: AUTO_UPDATE }, spec }));
}

interface Condition {
  type: string;
  status: string;
  lastTransitionTime: string;
  reason: string;
  message: string;
}

/** Creates what isn't there; objects without the condition of their kind get it. */
async function ensureAll<T extends KubeObject & { status?: { conditions?: { type?: string | undefined }[] } }>(
  handler: HttpHandler,
  resource: Resource<T>,
  wanted: Named[],
  conditionOf?: (object: T) => Condition,
): Promise<void> {
  let known = await listAll(handler, resource);
  const missing = wanted.filter(({ metadata }) => !known.some((object) => object.metadata.name === metadata.name));
  await Promise.all(missing.map((object) => send(handler, "POST", resourcePath(resource), resource, object)));
  if (!conditionOf) return;
  if (missing.length > 0) known = await listAll(handler, resource);
  const told = (object: T): boolean => object.status?.conditions?.some(({ type }) => type === conditionOf(object).type) === true;
  const untold = known.filter((object) => wanted.some(({ metadata }) => metadata.name === object.metadata.name) && !told(object));
  await Promise.all(
    untold.map((object) => {
      const next = { ...object, status: { ...object.status, conditions: [...(object.status?.conditions ?? []), conditionOf(object)] } };
      return send(handler, "PUT", resourcePath(resource, "", object.metadata.name, "status"), resource, next as unknown as Named);
    }),
  );
}

async function ensureApiServices(handler: HttpHandler): Promise<void> {
  const served = await servedVersions(handler);
  const known = await listAll(handler, apiServices);
  const wanted = served.map(({ group, version }) => apiServiceOf(group, version));
  const missing = wanted.filter(({ metadata }) => !known.some((object) => object.metadata.name === metadata.name));
  const stale = known.filter(({ metadata }) => metadata.labels?.[AUTO_MANAGED] !== undefined && !wanted.some((object) => object.metadata.name === metadata.name));
  await Promise.all([
    ...missing.map((object) => send(handler, "POST", resourcePath(apiServices), apiServices, object)),
    ...stale.map(({ metadata }) => handler({ method: "DELETE", url: resourcePath(apiServices, "", metadata.name), headers: {} })),
  ]);
}

/** What discovery tells, without the group that the APIServices themselves are in. */
async function servedVersions(handler: HttpHandler): Promise<{ group: string; version: string }[]> {
  const { body } = await handler({ method: "GET", url: "/apis", headers: {} });
  const { groups } = JSON.parse(await bodyText(body)) as { groups: { name: string; versions: { version: string }[] }[] };
  const named = groups.filter(({ name }) => name !== apiServices.group);
  return [{ group: "", version: "v1" }, ...named.flatMap(({ name, versions }) => versions.map(({ version }) => ({ group: name, version })))];
}

function apiServiceOf(group: string, version: string): Named & Pick<APIService, "spec"> {
  const builtIn = PRIORITIES[group];
  const [groupPriorityMinimum, versionPriority] = builtIn ?? CUSTOM_PRIORITIES;
  return {
    // Custom resources come and go while the server runs.
    metadata: { name: `${version}.${group}`, labels: { [AUTO_MANAGED]: builtIn ? "onstart" : "true" } },
    spec: { ...(group === "" ? {} : { group }), version, groupPriorityMinimum, versionPriority: VERSION_PRIORITIES[`${group}/${version}`] ?? versionPriority },
  };
}
