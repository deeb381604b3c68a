import type { PersistentVolumeClaim } from "../types.ts";

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/v1/defaults.go (SetDefaults_PersistentVolumeClaimSpec) */
export function setClaimSpecDefaults(spec: PersistentVolumeClaim["spec"]): void {
  spec.volumeMode ??= "Filesystem";
}
