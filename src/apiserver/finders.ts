/** Objects that the server itself looks up: for admission, authentication and authorization. */
import { namespaces, pods, secrets, serviceAccounts, type Resource } from "#api/resources.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject, Namespace, Pod, Secret, ServiceAccount } from "#api/types.ts";
import type { Catalog } from "./catalog.ts";
import { objectOf } from "./registry/registry.ts";

export interface Finders {
  /** Undefined when there is no such object. The object is shared: copy before changing. */
  object: <T extends KubeObject>(resource: Resource<T>, namespace: string, name: string) => T | undefined;
  /** All objects of a kind, or of one namespace, in the order of their names. Shared: copy before changing. */
  list: <T extends KubeObject>(resource: Resource<T>, namespace?: string) => T[];
  /** Everything that is served. */
  definitions: () => readonly ResourceDefinition[];
  /** The other versions in which the objects of a kind are served. */
  equivalents: (definition: ResourceDefinition) => ResourceDefinition[];
  /** The keys of all objects of a kind in the store, as {@link Finders.list} would list them. */
  keys: (resource: Resource, namespace?: string) => string[];
  namespace: (name: string) => Namespace | undefined;
  serviceAccount: (namespace: string, name: string) => ServiceAccount | undefined;
  pod: (namespace: string, name: string) => Pod | undefined;
  secret: (namespace: string, name: string) => Secret | undefined;
}

/** Finders over what `catalog` serves; the catalog may come to be after them. */
export function findersOf(catalog: () => Catalog): Finders {
  const registryOf = ({ group, version, plural }: Resource) => catalog().registry(group, version, plural);
  const find: Finders = {
    object<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string) {
      const entry = registryOf(resource)?.find(namespace, name);
      return entry && objectOf<T>(entry);
    },
    list<T extends KubeObject>(resource: Resource<T>, namespace = "") {
      const registry = registryOf(resource);
      if (!registry) return [];
      return registry.context.store.list(registry.prefix(namespace)).entries.map((entry) => objectOf<T>(registry.view(entry)));
    },
    keys(resource, namespace = "") {
      const registry = registryOf(resource);
      return registry ? registry.context.store.list(registry.prefix(namespace)).entries.map(({ key }) => key) : [];
    },
    definitions: () => catalog().definitions(),
    equivalents(definition) {
      const { group, plural } = definition.stored ?? definition;
      return catalog()
        .definitions()
        .filter((other) => other !== definition && (other.stored ?? other).group === group && (other.stored ?? other).plural === plural);
    },
    namespace: (name) => find.object(namespaces, "", name),
    serviceAccount: (namespace, name) => find.object(serviceAccounts, namespace, name),
    pod: (namespace, name) => find.object(pods, namespace, name),
    secret: (namespace, name) => find.object(secrets, namespace, name),
  };
  return find;
}
