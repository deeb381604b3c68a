/** Versions and changes as the store keeps them. */
import type { Change, Entry, Storable } from "./store.ts";

/**
 * A version whose object is parsed when it is needed and held only as long as the garbage collector
 * likes: a restart reads text alone, and a list of a hundred thousand objects leaves none behind.
 */
export class StoredEntry implements Entry {
  readonly key: string;
  readonly revision: number;
  readonly json: string;
  #object: WeakRef<Storable> | undefined;

  constructor(key: string, revision: number, json: string) {
    this.key = key;
    this.revision = revision;
    this.json = json;
  }

  get object(): Storable {
    let object = this.#object?.deref();
    if (!object) {
      object = JSON.parse(this.json) as Storable;
      this.#object = new WeakRef(object);
    }
    return object;
  }
}

export interface StoredChange extends Change {
  readonly entry: StoredEntry;
  readonly previous: StoredEntry | undefined;
}
