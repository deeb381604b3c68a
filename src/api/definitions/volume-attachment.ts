/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/storage/volumeattachment/strategy.go */
import type { FieldError } from "../errors.ts";
import { volumeAttachments } from "../resources.ts";
import type { VolumeAttachment } from "../types.ts";
import { ageColumn, booleanColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { forbidden, invalid, invalidFor, required, tooLong, validateImmutable } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { validatePersistentVolumeSpec } from "./persistent-volume-validation.ts";
import { bytesOf, validateDriverName } from "./storage-parameters-validation.ts";
import { storedOnly } from "./unsupported.ts";

type VolumeError = NonNullable<NonNullable<VolumeAttachment["status"]>["attachError"]>;

const MAX_METADATA_BYTES = 256 * 1024;
const MAX_MESSAGE_BYTES = 1024;

export const volumeAttachment = define(volumeAttachments, {
  model: "io.k8s.api.storage.v1.VolumeAttachment",
  emptySpec: () => ({ attacher: "", nodeName: "", source: {} }),
  subresources: ["status"],
  setDefaults(object) {
    object.status ??= { attached: false };
  },
  prepareForCreate(object) {
    object.status = { attached: false };
  },
  validate: (object) => [
    ...validateName(object.metadata.name, dns1123Subdomain),
    ...(object.spec.attacher === "" ? [] : validateDriverName(object.spec.attacher, "spec.attacher")),
    ...validateSpec(object.spec),
    ...validateStatus(object),
  ],
  validateUpdate: ({ spec }, old) => validateImmutable("spec", spec, old.spec),
  validateStatusUpdate: validateStatus,
  warnings: () => storedOnly("VolumeAttachment"),
  columns: [
    nameColumn(),
    { name: "Attacher", type: "string", format: "name", description: "attacher indicates the name of the volume driver that MUST handle this request. This is the name returned by GetPluginName().", cell: ({ spec }) => spec.attacher },
    column("PV", "persistentVolumeName represents the name of the persistent volume to attach.", ({ spec }) => spec.source.persistentVolumeName ?? ""),
    column("Node", "nodeName represents the node that the volume should be attached to.", ({ spec }) => spec.nodeName),
    booleanColumn("Attached", "attached indicates the volume is successfully attached. This field must only be set by the entity completing the attach operation, i.e. the external-attacher.", ({ status }) => status?.attached ?? false),
    ageColumn(),
  ],
});

function validateSpec({ attacher, nodeName, source }: VolumeAttachment["spec"]): FieldError[] {
  return [
    ...(attacher === "" ? [required("spec.attacher")] : []),
    ...validateSource(source),
    ...invalidFor("spec.nodeName", nodeName, dns1123Subdomain(nodeName)),
  ];
}

function validateSource({ inlineVolumeSpec, persistentVolumeName: name }: VolumeAttachment["spec"]["source"]): FieldError[] {
  const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  const field = "spec.source";
  if (!inlineVolumeSpec && name === undefined) return [required(field, one)];
  if (inlineVolumeSpec && name !== undefined) return [forbidden(field, one)];
  if (inlineVolumeSpec) return validatePersistentVolumeSpec(inlineVolumeSpec, `${field}.inlineVolumeSpec`, { inline: true });
  if (name === "") return [required(`${field}.persistentVolumeName`, "must specify non empty persistentVolumeName")];
  return invalidFor(`${field}.persistentVolumeName`, name, dns1123Subdomain(name!));
}

function validateStatus({ status }: VolumeAttachment): FieldError[] {
  const tooMuch = bytesOf(status?.attachmentMetadata ?? {}) > MAX_METADATA_BYTES;
  return [
    ...(tooMuch ? [tooLong("status.attachmentMetadata", MAX_METADATA_BYTES)] : []),
    ...validateError(status?.attachError, "status.attachError"),
    ...validateError(status?.detachError, "status.detachError"),
  ];
}

function validateError(error: VolumeError | undefined, field: string): FieldError[] {
  const { message = "", errorCode = 0 } = error ?? {};
  return [
    // The limit in the message is upstream's.
    ...(Buffer.byteLength(message) > MAX_MESSAGE_BYTES ? [tooLong(`${field}.message`, MAX_METADATA_BYTES)] : []),
    ...(errorCode < 0 ? [invalid(`${field}.errorCode`, errorCode, "must be between 0 and 2147483647, inclusive")] : []),
  ];
}
