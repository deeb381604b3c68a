/**
 * What is special about namespaces: they stay, terminating, until their contents are gone; the namespace
 * controller says so by taking its finalizer out of the spec (`namespaces/finalize`).
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/namespace/storage/storage.go
 */
import { conflict } from "#api/errors.ts";
import type { Namespace } from "#api/types.ts";
import type { Strategy } from "./strategy.ts";

export const namespaceStrategy: Strategy<Namespace> = {
  statusWritesMetadata: true,
  markDeleting(namespace) {
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
  finalizing: ({ spec }) => (spec?.finalizers?.length ?? 0) > 0,
  checkDelete(namespace) {
    const finalizers = namespace.spec?.finalizers ?? [];
    if (namespace.metadata.deletionTimestamp && finalizers.length > 0) {
      throw conflict(
        { resource: "namespaces", name: namespace.metadata.name },
        "The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will automatically be purged by the system.",
      );
    }
  },
};

/** The namespace with the finalizers of `next`. */
export function finalize(current: Namespace, next: Namespace): Namespace {
  return { ...current, metadata: { ...current.metadata, resourceVersion: next.metadata.resourceVersion ?? "" }, spec: { ...current.spec, finalizers: next.spec?.finalizers ?? [] } };
}
