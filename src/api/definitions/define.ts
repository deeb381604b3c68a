import type { Resource } from "../resources.ts";
import type { ResourceDefinition } from "../scheme.ts";
import type { KubeObject } from "../types.ts";

/** What a definition adds to the resource's coordinates. */
type Details<T extends KubeObject> = Omit<ResourceDefinition<T>, keyof Resource | "singular"> & {
  singular?: string;
  /** What an object without a spec gets: in Go it is a struct, so it is always there. */
  emptySpec?: () => object;
};

/**
 * A definition whose functions are checked against the kind's own type. The result forgets the type:
 * the machinery hands every kind's objects to that kind's definition alone.
 */
export function define<T extends KubeObject>(resource: Resource<T>, details: Details<T>): ResourceDefinition {
  const { emptySpec, setDefaults, ...rest } = details;
  const definition: ResourceDefinition<T> = {
    ...resource,
    singular: resource.kind.toLowerCase(),
    ...rest,
    setDefaults(object) {
      const withSpec = object as { spec?: object };
      if (emptySpec) withSpec.spec ??= emptySpec();
      setDefaults?.(object);
    },
  };
  return definition as unknown as ResourceDefinition;
}
