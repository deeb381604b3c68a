/** Finding objects by their controller without walking the whole cache. */
import { controllerOf } from "#api/resources.ts";
import type { KubeObject } from "#api/types.ts";
import type { Informer } from "#client/informer.ts";

const INDEX = "controller";

/** Declares the index; every controller that reads it does so, in any order. */
export function indexByController<T extends KubeObject>(informer: Informer<T>): void {
  informer.index(INDEX, (object) => [controllerOf(object)?.uid ?? `orphans in ${object.metadata.namespace ?? ""}`]);
}

/** The objects whose managing controller is `owner`. */
export function byController<T extends KubeObject>(informer: Informer<T>, owner: { metadata: { uid?: string | undefined } }): T[] {
  return informer.byIndex(INDEX, owner.metadata.uid!);
}

/** The namespace's objects that nobody controls. */
export function orphansIn<T extends KubeObject>(informer: Informer<T>, namespace: string): T[] {
  return informer.byIndex(INDEX, `orphans in ${namespace}`);
}
