/**
 * What this server serves: the built-in kinds, and those that custom resources add and take away while
 * it runs.
 */
import { compareVersions } from "#lib/versions.ts";
import { apiVersionOf } from "#api/resources.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { RegistryContext } from "./registry/context.ts";
import { Registry } from "./registry/registry.ts";
import type { Strategy } from "./registry/strategy.ts";

export interface Catalog {
  /** Raised by every change: what was made from the definitions is made anew. */
  readonly generation: number;
  /** Everything served, in the order of discovery. */
  definitions(): readonly ResourceDefinition[];
  /** Undefined when this isn't served. */
  registry(group: string, version: string, plural: string): Registry | undefined;
  /** Whether something is served there. */
  hasGroupVersion(group: string, version: string): boolean;
  /** Serves these definitions in place of the owner's earlier ones; none takes them away. */
  replace(owner: string, definitions: readonly ResourceDefinition[]): void;
}

/** Groups and kinds by their names; of a group's versions the most stable comes first, and of those the newest. */
function byPreference(a: ResourceDefinition, b: ResourceDefinition): number {
  if (a.group !== b.group) return a.group < b.group ? -1 : 1;
  if (a.version !== b.version) return compareVersions(b.version, a.version);
  return a.plural < b.plural ? -1 : 1;
}

/** `strategyOf` finds what a kind does beyond its definition. */
export function createCatalog(builtIn: readonly ResourceDefinition[], context: RegistryContext, strategyOf: (definition: ResourceDefinition) => Strategy): Catalog {
  const added = new Map<string, readonly ResourceDefinition[]>();
  let generation = 0;
  let served: ResourceDefinition[] = [];
  let registries = new Map<string, Registry>();
  let groupVersions = new Set<string>();

  /** Finds the other versions in which the objects of a kind are served. */
  function versionsOf(definition: ResourceDefinition): (apiVersion: string) => ResourceDefinition | undefined {
    const { group, plural } = definition.stored ?? definition;
    const isStoredAlike = ({ stored, ...own }: ResourceDefinition): boolean => (stored ?? own).group === group && (stored ?? own).plural === plural;
    return (apiVersion) => served.find((other) => apiVersionOf(other) === apiVersion && isStoredAlike(other));
  }

  function rebuild(): void {
    served = [...builtIn, ...[...added.values()].flat().sort(byPreference)];
    const known = registries;
    registries = new Map();
    for (const definition of served) {
      const { group, version, plural } = definition;
      const key = `${group}/${version}/${plural}`;
      // A registry that is the same as before keeps what it has cached.
      const before = known.get(key);
      known.delete(key);
      const registry = before?.definition === definition ? before : new Registry(definition, strategyOf(definition), context, versionsOf(definition));
      if (registry !== before) before?.replaceBy(registry);
      registries.set(key, registry);
    }
    for (const gone of known.values()) gone.retire();
    groupVersions = new Set(served.map(({ group, version }) => `${group}/${version}`));
    generation++;
  }
  rebuild();

  return {
    get generation() {
      return generation;
    },
    definitions: () => served,
    registry: (group, version, plural) => registries.get(`${group}/${version}/${plural}`),
    hasGroupVersion: (group, version) => groupVersions.has(`${group}/${version}`),
    replace(owner, definitions) {
      if (definitions.length > 0) added.set(owner, definitions);
      else added.delete(owner);
      rebuild();
    },
  };
}
