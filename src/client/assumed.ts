/**
 * What a controller has just written and its informer doesn't show yet. Planning from the informer
 * alone would create, delete or bind twice; planning from the overlay sees one's own writes.
 * The role of client-go's "expectations" and of the scheduler's "assume cache", in one piece.
 */
import { keyOf } from "#api/resources.ts";
import type { KubeObject } from "#api/types.ts";
import type { Informer } from "./informer.ts";

export class Assumed<T extends KubeObject> {
  readonly #informer: Informer<T>;
  /** By key; `undefined` object: gone. */
  readonly #ahead = new Map<string, { object: T; gone: boolean }>();

  constructor(informer: Informer<T>) {
    this.#informer = informer;
  }

  /** Remembers the server's answer to a create, an update, or a delete that finalizers or grace hold up. */
  wrote(object: T): void {
    this.#ahead.set(keyOf(object), { object, gone: false });
  }

  /** Remembers that the server has removed `object` (or had already). */
  removed(object: T): void {
    this.#ahead.set(keyOf(object), { object, gone: true });
  }

  /** The newest known state by key. */
  get(key: string): T | undefined {
    const ahead = this.#current(key);
    if (!ahead) return this.#informer.get(key);
    return ahead.gone ? undefined : ahead.object;
  }

  /** `objects`, read from the informer, as they stand after our own writes; plus what we wrote that satisfies `belongs`. */
  apply(objects: readonly T[], belongs: (object: T) => boolean): T[] {
    if (this.#ahead.size === 0) return [...objects];
    const result = new Map(objects.map((object) => [keyOf(object), object]));
    for (const key of this.#ahead.keys()) {
      const ahead = this.#current(key);
      if (!ahead) continue;
      if (ahead.gone) {
        if (result.get(key)?.metadata.uid === ahead.object.metadata.uid) result.delete(key);
      } else if (belongs(ahead.object)) result.set(key, ahead.object);
      else result.delete(key);
    }
    return [...result.values()];
  }

  /** The entry, unless the informer has caught up with it: then it is forgotten. */
  #current(key: string): { object: T; gone: boolean } | undefined {
    const ahead = this.#ahead.get(key);
    if (!ahead) return undefined;
    const { uid, resourceVersion } = ahead.object.metadata;
    const seen = this.#informer.get(key);
    const passed = this.#informer.resourceVersion !== undefined && !isNewer(resourceVersion!, this.#informer.resourceVersion);
    const caughtUp = ahead.gone
      ? passed && seen?.metadata.uid !== uid
      : passed || (seen?.metadata.uid === uid && !isNewer(resourceVersion!, seen!.metadata.resourceVersion!));
    if (caughtUp) this.#ahead.delete(key);
    return caughtUp ? undefined : ahead;
  }
}

/**
 * Whether resource version `a` is later than `b`; both of one resource.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
