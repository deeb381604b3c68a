/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/storage/csistoragecapacity/strategy.go */
import { csiStorageCapacities } from "../resources.ts";
import { UNSET, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { invalidFor, validateImmutable } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { nodeLabelSelectorWarnings } from "./node-label-warnings.ts";
import { validateQuantity } from "./resources-validation.ts";
import { validateLabelSelector } from "./selector-validation.ts";
import { storedOnly } from "./unsupported.ts";

export const csiStorageCapacity = define(csiStorageCapacities, {
  model: "io.k8s.api.storage.v1.CSIStorageCapacity",
  validate: ({ metadata, nodeTopology, storageClassName, capacity }) => [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateLabelSelector(nodeTopology, "nodeTopology"),
    ...invalidFor("storageClassName", storageClassName, dns1123Subdomain(storageClassName)),
    ...(capacity === undefined ? [] : validateQuantity("storage", capacity, "capacity")),
  ],
  validateUpdate: ({ nodeTopology, storageClassName }, old) => [
    ...validateImmutable("nodeTopology", nodeTopology, old.nodeTopology),
    ...validateImmutable("storageClassName", storageClassName, old.storageClassName),
  ],
  warnings: ({ nodeTopology }) => [...nodeLabelSelectorWarnings(nodeTopology ?? {}, "nodeTopology"), ...storedOnly("CSIStorageCapacity")],
  columns: [
    nameColumn(),
    column("StorageClassName", "storageClassName represents the name of the StorageClass that the reported capacity applies to.", ({ storageClassName }) => storageClassName),
    column("Capacity", "capacity is the value reported by the CSI driver in its GetCapacityResponse for a GetCapacityRequest that matches the previous fields.", ({ capacity }) => capacity ?? UNSET),
  ],
});
