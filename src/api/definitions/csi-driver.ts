/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/storage/csidriver/strategy.go */
import { isDeepStrictEqual } from "node:util";
import { csiDrivers } from "../resources.ts";
import { NONE, UNSET, ageColumn, booleanColumn, column, nameColumn } from "./columns.ts";
import { validateCSIDriver, validateCSIDriverUpdate } from "./csi-driver-validation.ts";
import { define } from "./define.ts";
import { storedOnly } from "./unsupported.ts";

export const csiDriver = define(csiDrivers, {
  model: "io.k8s.api.storage.v1.CSIDriver",
  emptySpec: () => ({}),
  setDefaults({ spec }) {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ["Persistent"];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  prepareForUpdate({ metadata, spec }, old) {
    // As upstream, counting begins with the first change.
    if (!isDeepStrictEqual(spec, old.spec)) metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: validateCSIDriver,
  validateUpdate: validateCSIDriverUpdate,
  warnings: () => storedOnly("CSIDriver"),
  columns: [
    nameColumn(),
    booleanColumn("AttachRequired", "attachRequired indicates this CSI volume driver requires an attach operation, and that the Kubernetes attach detach controller should call the attach volume interface.", ({ spec }) => spec.attachRequired ?? true),
    booleanColumn("PodInfoOnMount", "podInfoOnMount indicates this CSI volume driver requires additional pod information (like podName, podUID, etc.) during mount operations, if set to true.", ({ spec }) => spec.podInfoOnMount ?? false),
    booleanColumn("StorageCapacity", "storageCapacity indicates that the CSI volume driver wants pod scheduling to consider the storage capacity that the driver deployment will report by creating CSIStorageCapacity objects.", ({ spec }) => spec.storageCapacity ?? false),
    column("TokenRequests", "tokenRequests indicates the CSI driver needs pods' service account tokens it is mounting volume for to do necessary authentication.", ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(",") ?? UNSET),
    booleanColumn("RequiresRepublish", "requiresRepublish indicates the CSI driver wants `NodePublishVolume` being periodically called to reflect any possible change in the mounted volume.", ({ spec }) => spec.requiresRepublish ?? false),
    column("Modes", "volumeLifecycleModes defines what kind of volumes this CSI volume driver supports.", ({ spec }) => (spec.volumeLifecycleModes ?? []).join(",") || NONE),
    ageColumn(),
  ],
});
