/**
 * The discovery documents: which groups, versions and resources there are.
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
 */
import { subresourcesOf, type Subresource } from "./definitions/subresources.ts";
import { apiVersionOf } from "./resources.ts";
import type { ResourceDefinition } from "./scheme.ts";

const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

interface GroupVersion {
  groupVersion: string;
  version: string;
}

export interface APIGroup {
  name: string;
  versions: GroupVersion[];
  preferredVersion: GroupVersion;
}

/** One entry of an APIResourceList. */
export interface APIResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  /** Set where the type belongs to another group or version than the list. */
  group?: string;
  version?: string;
  kind: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
}

/** A version that another server serves behind this one, as that server tells it. */
export interface ForeignVersion {
  group: string;
  version: string;
  resources: APIResource[];
  /** That server can't be reached now, so nobody knows its resources. */
  stale?: boolean;
}

/** Verbs served for a kind, sorted as discovery documents have them. A kind that goes is only read and deleted. */
export function verbsOf({ verbs, terminating }: ResourceDefinition): string[] {
  if (terminating) return ALL_VERBS.filter((verb) => !["create", "patch", "update"].includes(verb));
  return verbs ? [...verbs].sort() : ALL_VERBS;
}

/** `GET /api`. `serverAddress` is what clients are told to connect to: `127.0.0.1:6443`. */
export function apiVersions(serverAddress: string): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

/** The named groups (all but core), in the order of their first definition. */
function groupsOf(definitions: readonly { group: string; version: string }[]): APIGroup[] {
  const groups = new Map<string, APIGroup>();
  for (const { group, version } of definitions) {
    if (group === "") continue;
    const entry = { groupVersion: `${group}/${version}`, version };
    const known = groups.get(group);
    if (!known) groups.set(group, { name: group, versions: [entry], preferredVersion: entry });
    else if (!known.versions.some((other) => other.version === version)) known.versions.push(entry);
  }
  return [...groups.values()];
}

/** `GET /apis`. */
export function apiGroupList(definitions: readonly ResourceDefinition[], foreign: readonly ForeignVersion[] = []): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groupsOf([...definitions, ...foreign.filter(({ stale }) => !stale)]) };
}

/** `GET /apis/<group>`; undefined when there is no such group. */
export function apiGroup(definitions: readonly ResourceDefinition[], name: string, foreign: readonly ForeignVersion[] = []): object | undefined {
  const group = groupsOf([...definitions, ...foreign.filter(({ stale }) => !stale)]).find((known) => known.name === name);
  return group && { kind: "APIGroup", apiVersion: "v1", ...group };
}

/** `GET /api/v1`, `GET /apis/<group>/<version>`; undefined when nothing is served there. */
export function apiResourceList(definitions: readonly ResourceDefinition[], groupVersion: string): object | undefined {
  const served = definitions.filter((definition) => apiVersionOf(definition) === groupVersion);
  if (served.length === 0) return undefined;
  const resources = served.flatMap((definition) => [resourceEntry(definition), ...subresourcesOf(definition).map((sub) => subresourceEntry(definition, sub))]);
  return {
    kind: "APIResourceList",
    ...(groupVersion.includes("/") ? { apiVersion: "v1" } : {}),
    groupVersion,
    resources: resources.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function resourceEntry(definition: ResourceDefinition): APIResource {
  const { plural, singular, namespaced, kind, shortNames, categories } = definition;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbsOf(definition),
    ...(shortNames ? { shortNames } : {}),
    ...(categories ? { categories } : {}),
  };
}

function subresourceEntry(definition: ResourceDefinition, sub: Subresource): APIResource {
  const foreign = sub.group !== definition.group || sub.version !== definition.version;
  return {
    name: `${definition.plural}/${sub.name}`,
    singularName: "",
    namespaced: definition.namespaced,
    ...(foreign ? { group: sub.group, version: sub.version } : {}),
    kind: sub.kind,
    verbs: sub.verbs,
  };
}

/**
 * Everything at once: `GET /api` or `GET /apis` with `Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`
 * (or `v2beta1`, which has the same shape).
 */
export function aggregatedDiscovery(
  definitions: readonly ResourceDefinition[],
  root: "api" | "apis",
  version: "v2" | "v2beta1" = "v2",
  foreign: readonly ForeignVersion[] = [],
): object {
  const groups = root === "api" ? [{ name: "", versions: [{ version: "v1" }] }] : groupsOf([...definitions, ...foreign]);
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: { name, creationTimestamp: null },
      versions: versions.map(({ version: served }) => ({
        version: served,
        resources: [
          ...definitions.filter((definition) => definition.group === name && definition.version === served).map(discoveryOf),
          ...foreign.filter((other) => other.group === name && other.version === served).flatMap(foreignDiscovery),
        ],
        freshness: foreign.some((other) => other.stale && other.group === name && other.version === served) ? "Stale" : "Current",
      })),
    })),
  };
}

function discoveryOf(definition: ResourceDefinition): object {
  const { group, version, kind, plural, singular, namespaced, shortNames, categories } = definition;
  const subresources = subresourcesOf(definition).map((sub) => ({
    subresource: sub.name,
    responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
    verbs: sub.verbs,
  }));
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: verbsOf(definition),
    ...(shortNames ? { shortNames } : {}),
    ...(categories ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

/** A flat list of resources and `resource/subresource`s in the nested form. */
function foreignDiscovery({ group, version, resources }: ForeignVersion): object[] {
  const kindOf = (resource: APIResource): object => ({ group: resource.group ?? group, version: resource.version ?? version, kind: resource.kind });
  return resources
    .filter(({ name }) => !name.includes("/"))
    .map((resource) => {
      const subresources = resources
        .filter(({ name }) => name.startsWith(`${resource.name}/`))
        .map((sub) => ({ subresource: sub.name.slice(resource.name.length + 1), responseKind: kindOf(sub), verbs: sub.verbs }));
      return {
        resource: resource.name,
        responseKind: kindOf(resource),
        scope: resource.namespaced ? "Namespaced" : "Cluster",
        singularResource: resource.singularName,
        verbs: resource.verbs,
        ...(resource.shortNames ? { shortNames: resource.shortNames } : {}),
        ...(resource.categories ? { categories: resource.categories } : {}),
        ...(subresources.length > 0 ? { subresources } : {}),
      };
    });
}
