/**
 * What is special about definitions: they stay, terminating, until their objects are gone.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/registry/customresourcedefinition/etcd.go (Delete)
 */
import type { CustomResourceDefinition } from "#api/types.ts";
import { CLEANUP_FINALIZER } from "../apiextensions/conditions.ts";
import type { Strategy } from "./strategy.ts";

export const customResourceDefinitionStrategy: Strategy<CustomResourceDefinition> = {
  statusWritesMetadata: true,
  markDeleting({ metadata }) {
    if (metadata.deletionTimestamp) return;
    metadata.finalizers = [...(metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER), CLEANUP_FINALIZER];
  },
};
