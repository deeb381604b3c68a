/** Deploys the shop from the same manifests that `kubectl apply -k` takes, and waits for it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { sleep, type Clock } from "#lib/clock.ts";
import { apiVersionOf, namespaces, type Resource } from "#api/resources.ts";
import { isAlreadyExists } from "#api/errors.ts";
import type { Deployment, KubeObject, Pod, Secret, StatefulSet } from "#api/types.ts";
import type { Client } from "#client/client.ts";
import type { Informer } from "#client/informer.ts";

export const SHOP_NAMESPACE = "shop";

/** Marks the namespace once every object was created, so that a start that was cut off is finished by the next one. */
const DEPLOYED = "tidepool.dev/deployed";

/** kubectl's annotation: with it, a later `kubectl apply` knows what was applied here. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** What of a kustomization is understood here; the rest is refused by name, since it would be ignored. */
interface Kustomization {
  apiVersion: string;
  kind: string;
  resources: string[];
  /** Set on every object but namespaces. */
  namespace?: string;
  /** Set on every object's metadata. */
  labels?: { pairs: Record<string, string> }[];
}

const UNDERSTOOD = new Set(["apiVersion", "kind", "resources", "namespace", "labels"]);

/** The objects that `kubectl kustomize` would print for a directory. */
export function readKustomization(directory: string): KubeObject[] {
  const file = join(directory, "kustomization.yaml");
  const kustomization = parse(readFileSync(file, "utf8")) as Kustomization;
  const labels = kustomization.labels ?? [];
  const unknown = [...Object.keys(kustomization).filter((key) => !UNDERSTOOD.has(key)), ...labels.flatMap((entry) => Object.keys(entry).filter((key) => key !== "pairs").map((key) => `labels.${key}`))];
  if (unknown.length > 0) throw new Error(`${file}: ${unknown.join(", ")} can't be used here: only resources, namespace, and labels with pairs can`);
  const pairs = Object.assign({}, ...labels.map((entry) => entry.pairs)) as Record<string, string>;
  return kustomization.resources
    .flatMap((name) => parseAllDocuments(readFileSync(join(directory, name), "utf8")).map((document) => document.toJS() as KubeObject | null))
    .filter((object) => object !== null)
    .map((object) => {
      const { metadata } = object;
      const namespace = kustomization.namespace && object.kind !== "Namespace" ? { namespace: kustomization.namespace } : {};
      return { ...object, metadata: { ...metadata, ...namespace, ...(labels.length > 0 ? { labels: { ...metadata.labels, ...pairs } } : {}) } };
    });
}

/**
 * Creates the shop's objects, unless they were deployed before: what a user has changed or deleted since
 * then stays as it is. Namespaces go first.
 */
export async function deployShop(client: Client, resources: Resource[], objects: KubeObject[], certificate: { cert: string; key: string }): Promise<void> {
  const existing = await client.find(namespaces, SHOP_NAMESPACE);
  if (existing?.metadata.annotations?.[DEPLOYED]) return;
  const byKind = new Map(resources.map((resource) => [`${apiVersionOf(resource)}/${resource.kind}`, resource]));
  const isNamespace = (object: KubeObject): number => (object.kind === "Namespace" ? 0 : 1);
  for (const object of [...objects, tlsSecret(certificate)].sort((a, b) => isNamespace(a) - isNamespace(b))) {
    const resource = byKind.get(`${object.apiVersion}/${object.kind}`);
    if (!resource) throw new Error(`the shop's manifests hold ${object.apiVersion} ${object.kind} ${object.metadata.name}, which this API server doesn't serve`);
    object.metadata.annotations = { ...object.metadata.annotations, [LAST_APPLIED]: `${lastApplied(object)}\n` };
    try {
      await client.create(resource, object);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
  await client.patch(namespaces, { name: SHOP_NAMESPACE }, "merge", { metadata: { annotations: { [DEPLOYED]: "true" } } });
}

/** What the gateway's TLS port serves with; on a real cluster cert-manager or kubectl makes this Secret. */
function tlsSecret({ cert, key }: { cert: string; key: string }): Secret {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "api-gateway-tls", namespace: SHOP_NAMESPACE }, type: "kubernetes.io/tls", stringData: { "tls.crt": cert, "tls.key": key } };
}

function lastApplied(object: KubeObject): string {
  const { [LAST_APPLIED]: _, ...annotations } = object.metadata.annotations ?? {};
  return JSON.stringify({ ...object, metadata: { ...object.metadata, annotations } });
}

/** Whether a workload has all its replicas of the current template available. */
export function isAvailable(workload: Deployment | StatefulSet): boolean {
  const wanted = workload.spec.replicas ?? 1;
  const { observedGeneration = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = workload.status ?? {};
  return observedGeneration >= (workload.metadata.generation ?? 0) && Math.min(updatedReplicas, readyReplicas, availableReplicas) >= wanted;
}

/** Resolves when `done` holds for the informer's objects of a namespace; rejects when the signal aborts. */
export function waitFor<T extends KubeObject>(informer: Informer<T>, namespace: string, done: (objects: T[]) => boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const check = (): void => {
      if (!informer.synced || !done(informer.list(namespace))) return;
      settle();
      resolve();
    };
    const onAbort = (): void => {
      settle();
      reject(signal.reason as Error);
    };
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
      unsubscribe();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    // Later, since the known objects are told before subscribing is done.
    const soon = (): void => queueMicrotask(check);
    const unsubscribe = informer.subscribe({ set: soon, delete: soon });
    void informer.whenSynced().then(check);
  });
}

/** What a user does first; together they need every service and the database. */
const FIRST_REQUESTS = ["/", "/api/orders?limit=1", "/api/products", "/api/users?limit=1"];
const ASK_AGAIN_MS = 50;

/** Resolves when the shop answers where its users ask; rejects when the signal aborts. */
export async function waitForAnswer(shopUrl: string, clock: Clock, signal: AbortSignal): Promise<void> {
  for (const path of FIRST_REQUESTS) {
    while (!(await answers(shopUrl + path, signal))) await sleep(clock, ASK_AGAIN_MS, signal);
  }
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** What containers wait for on their way up; any other reason to wait is trouble. */
const STARTING = ["ContainerCreating", "PodInitializing"];

/** Whether a pod is in a state that it may not leave by itself: unschedulable, no image, crashing. */
export function isStuck({ status }: Pod): boolean {
  const unschedulable = status?.conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable");
  const waiting = status?.containerStatuses?.map(({ state }) => state?.waiting?.reason).filter((reason) => reason !== undefined);
  return unschedulable === true || waiting?.some((reason) => !STARTING.includes(reason)) === true;
}

/** Why a pod isn't ready, in a few words. */
export function podTrouble(pod: Pod): string | undefined {
  if (pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")) return undefined;
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False") return `${pod.metadata.name}: ${scheduled.message ?? scheduled.reason}`;
  for (const { name, state } of pod.status?.containerStatuses ?? []) {
    if (state?.waiting) return `${pod.metadata.name}: container ${name} is waiting: ${[state.waiting.reason, state.waiting.message].filter(Boolean).join(": ")}`;
  }
  return `${pod.metadata.name}: ${pod.status?.phase ?? "Pending"}, not ready`;
}
