import type { PersistentVolumeClaim } from "../types.ts";

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/v1/defaults.go (SetDefaults_PersistentVolumeClaimSpec) */
export function setClaimSpecDefaults(spec: PersistentVolumeClaim["spec"]): void {
  spec.volumeMode ??= "Filesystem";
}

/** What the older field could name before there were data sources of any kind. */
const OLD_KINDS = ["PersistentVolumeClaim.", "VolumeSnapshot.snapshot.storage.k8s.io"];

/**
 * The source's two fields say the same. The older one names claims and snapshots only; what else it names is dropped.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/api/persistentvolumeclaim/util.go (NormalizeDataSources)
 */
export function setDataSources(spec: PersistentVolumeClaim["spec"], old?: PersistentVolumeClaim["spec"]): void {
  const { dataSource } = spec;
  const isOld = dataSource !== undefined && OLD_KINDS.includes(`${dataSource.kind}.${dataSource.apiGroup ?? ""}`);
  if (!isOld && !old?.dataSource && !old?.dataSourceRef) delete spec.dataSource;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { apiGroup, kind, name } = spec.dataSourceRef;
    spec.dataSource = { ...(apiGroup === undefined ? {} : { apiGroup }), kind, name };
  }
}
