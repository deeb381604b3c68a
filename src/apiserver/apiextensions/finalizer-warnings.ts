/** @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/registry/customresource/validator.go (validateKubeFinalizerName) */
import { qualifiedName } from "#api/definitions/names.ts";
import type { KubeObject } from "#api/types.ts";

const STANDARD = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

/** Finalizers that might be somebody else's, too. */
export function finalizerWarnings({ metadata }: KubeObject): string[] {
  return (metadata.finalizers ?? []).flatMap((finalizer) => {
    const about = `metadata.finalizers: ${JSON.stringify(finalizer)}: `;
    const problems = qualifiedName(finalizer).map((problem) => about + problem);
    if (finalizer.includes("/") || STANDARD.has(finalizer)) return problems;
    const path = finalizer.includes(".") ? " including a path (/)" : "";
    return [...problems, `${about}prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`];
  });
}
