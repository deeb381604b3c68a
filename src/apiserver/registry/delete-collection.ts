/**
 * Deletion of all that a list shows.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/registry/generic/registry/store.go (DeleteCollection)
 */
import { nextTurn } from "#lib/turn.ts";
import { isNotFound } from "#api/errors.ts";
import type { DeleteOptions } from "#api/types.ts";
import type { WriteRequest } from "./context.ts";
import { deleteObject } from "./delete.ts";
import { selected, type Page } from "./list.ts";
import { objectOf, type Registry } from "./registry.ts";

/** Deletions under way at once: enough to share commits, few enough to leave room for others. */
const WORKERS = 64;

/** Throws the first error, after which no further deletion is begun. */
export async function deletePage(registry: Registry, page: Page, request: WriteRequest, options: DeleteOptions): Promise<void> {
  const entries = selected(registry, page);
  // All take from the same generator, and an error in one ends it for all.
  const work = async (): Promise<void> => {
    for (const entry of entries) {
      if (!entry) {
        await nextTurn();
        continue;
      }
      const { name, namespace = "" } = objectOf(entry).metadata;
      try {
        await deleteObject(registry, { ...request, namespace }, name!, structuredClone(options));
      } catch (error) {
        // Someone else was faster: what was to go is gone.
        if (!isNotFound(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}
