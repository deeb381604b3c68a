/**
 * What a server serves, as its discovery documents tell: built-in kinds, custom ones, and those of servers behind it.
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
 */
import type { Resource } from "#api/resources.ts";
import type { Client } from "./client.ts";

export interface ServedResource extends Resource {
  verbs: readonly string[];
}

export interface Discovery {
  /** Every resource in every version. Of a group's versions, the preferred one comes first. */
  resources: ServedResource[];
  /** The group versions (`metrics.k8s.io/v1beta1`) of which the server can't tell now. */
  stale: string[];
}

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

interface APIGroupDiscoveryList {
  items: {
    metadata: { name: string };
    versions: {
      version: string;
      freshness?: "Current" | "Stale";
      resources?: { resource: string; responseKind: { group: string; version: string; kind: string }; scope: "Cluster" | "Namespaced"; verbs: string[] }[];
    }[];
  }[];
}

/** Throws what the client throws. */
export async function discover(client: Client): Promise<Discovery> {
  const roots = await Promise.all(["/api", "/apis"].map((path) => client.raw<APIGroupDiscoveryList>(path, AGGREGATED)));
  const discovery: Discovery = { resources: [], stale: [] };
  for (const { metadata, versions } of roots.flatMap(({ items }) => items)) {
    const group = metadata.name;
    for (const { version, freshness, resources = [] } of versions) {
      if (freshness === "Stale") discovery.stale.push(`${group}/${version}`);
      for (const { resource, responseKind, scope, verbs } of resources) {
        discovery.resources.push({ group, version, kind: responseKind.kind, plural: resource, namespaced: scope === "Namespaced", verbs });
      }
    }
  }
  return discovery;
}

/** Each resource once, in the most preferred of the versions that have it. */
export function inPreferredVersions<R extends Resource>(resources: readonly R[]): R[] {
  const preferred = new Map<string, R>();
  for (const resource of resources) {
    const name = groupResource(resource);
    if (!preferred.has(name)) preferred.set(name, resource);
  }
  return [...preferred.values()];
}

/** The name that a resource has in all its versions: `deployments.apps`, `pods`. */
export function groupResource({ group, plural }: Resource): string {
  return group === "" ? plural : `${plural}.${group}`;
}
