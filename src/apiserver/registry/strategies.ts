/** The strategy of each built-in kind that has one. */
import type { ResourceDefinition } from "#api/scheme.ts";
import type { Rng } from "#lib/random.ts";
import type { Store } from "#store/index.ts";
import { customResourceDefinitionStrategy } from "./custom-resource-definitions.ts";
import { namespaceStrategy } from "./namespaces.ts";
import { podStrategy } from "./pods.ts";
import { serviceStrategy, type ServiceRanges } from "./services.ts";
import type { Strategy } from "./strategy.ts";

/** `more` by plural and group: `roles.rbac.authorization.k8s.io`. */
export function builtInStrategies(store: Store, serviceRanges: ServiceRanges, rng: Rng, more: Readonly<Record<string, Strategy>>): (definition: ResourceDefinition) => Strategy {
  const strategies: Record<string, Strategy> = {
    pods: podStrategy as Strategy,
    namespaces: namespaceStrategy,
    services: serviceStrategy(store, serviceRanges, rng) as Strategy,
    "customresourcedefinitions.apiextensions.k8s.io": customResourceDefinitionStrategy as Strategy,
    nodes: { statusWritesMetadata: true },
    persistentvolumes: { statusWritesMetadata: true, returnsDeleted: true },
    persistentvolumeclaims: { statusWritesMetadata: true, returnsDeleted: true },
    podtemplates: { returnsDeleted: true },
    resourcequotas: { statusWritesMetadata: true, returnsDeleted: true },
    serviceaccounts: { returnsDeleted: true },
    "ingresses.networking.k8s.io": { statusWritesMetadata: true },
    "servicecidrs.networking.k8s.io": { statusWritesMetadata: true },
    "csidrivers.storage.k8s.io": { returnsDeleted: true },
    "csinodes.storage.k8s.io": { returnsDeleted: true },
    "storageclasses.storage.k8s.io": { returnsDeleted: true },
    "volumeattachments.storage.k8s.io": { returnsDeleted: true },
    "volumeattributesclasses.storage.k8s.io": { returnsDeleted: true },
    ...more,
  };
  return ({ group, plural }) => strategies[group === "" ? plural : `${plural}.${group}`] ?? {};
}
