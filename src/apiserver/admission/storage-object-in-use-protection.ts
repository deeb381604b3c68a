/**
 * Claims and volumes are made with the finalizer that keeps them while they are used, so that there is no
 * moment without it; the volume protection controllers take it away.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/storage/storageobjectinuseprotection/admission.go
 */
import { isAbout, type AdmissionPlugin } from "./admission.ts";

const FINALIZERS: Record<string, string> = {
  persistentvolumeclaims: "kubernetes.io/pvc-protection",
  persistentvolumes: "kubernetes.io/pv-protection",
};

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  admit(attributes) {
    const { operation, definition, object } = attributes;
    const finalizer = FINALIZERS[definition.plural];
    if (operation !== "CREATE" || !finalizer || !isAbout(attributes, "", definition.plural)) return;
    const { metadata } = object!;
    if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};
