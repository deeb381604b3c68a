/** What authorizers know of the store, kept up to date: the store tells of a write before its writer hears of it. */
import type { Entry, Store } from "#store/index.ts";

/** Hands over all entries under the prefix, and then every change; returns what ends it. */
export function follow(store: Store, prefix: string, keep: (entry: Entry) => void, drop: (key: string) => void): () => void {
  const { entries, revision } = store.list(prefix);
  entries.forEach(keep);
  return store.watch(prefix, revision, (changes) => {
    for (const { type, entry } of changes) {
      if (type === "delete") drop(entry.key);
      else keep(entry);
    }
  });
}
