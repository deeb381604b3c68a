/** A pod's volumes. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateVolumes) */
import { parseQuantity } from "#lib/quantity.ts";
import type { FieldError } from "../errors.ts";
import type { Volume } from "../types.ts";
import { validateFieldRef, validateResourceFieldRef } from "./env-validation.ts";
import { duplicate, forbidden, invalid, invalidFor, notSupported, required, validateOneOf } from "./field-errors.ts";
import { dns1123Label } from "./names.ts";
import { validateClaimSpec } from "./persistent-volume-claim-validation.ts";

type Projected = NonNullable<Volume["projected"]>;
type Source = NonNullable<Projected["sources"]>[number];
type KeyToPath = { key: string; path: string; mode?: number };
type DownwardFile = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number];

const VOLUME_FIELDS = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
const MODE_ERROR = "must be a number between 0 and 0777 (octal), both inclusive";
const HOST_PATH_TYPES = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/** The errors of all volumes, and the volumes without errors by name: what mounts may refer to. */
export function validateVolumes(volumes: Volume[], field: string): { errors: FieldError[]; known: Map<string, Volume> } {
  const errors: FieldError[] = [];
  const known = new Map<string, Volume>();
  for (const [i, volume] of volumes.entries()) {
    const path = `${field}[${i}]`;
    const own = validateVolumeSource(volume, path);
    if (!volume.name) own.push(required(`${path}.name`));
    else own.push(...invalidFor(`${path}.name`, volume.name, dns1123Label(volume.name)));
    if (known.has(volume.name)) own.push(duplicate(`${path}.name`, volume.name));
    if (own.length === 0) known.set(volume.name, volume);
    errors.push(...own);
  }
  return { errors, known };
}

function validateVolumeSource(volume: Volume, field: string): FieldError[] {
  const [first, ...others] = Object.keys(volume).filter((key) => key !== "name");
  if (!first) return [required(field, "must specify a volume type")];
  const errors = others.map((other) => forbidden(`${field}.${other}`, "may not specify more than 1 volume type"));
  const path = `${field}.${first}`;
  switch (first) {
    case "emptyDir":
      return [...validateEmptyDir(volume.emptyDir!, path), ...errors];
    case "hostPath":
      return [...validateHostPath(volume.hostPath!, path), ...errors];
    case "secret":
      return [...validateFiles(volume.secret!.secretName, "secretName", volume.secret!, path), ...errors];
    case "configMap":
      return [...validateFiles(volume.configMap!.name, "name", volume.configMap!, path), ...errors];
    case "downwardAPI":
      return [
        ...validateMode(volume.downwardAPI!.defaultMode, `${path}.defaultMode`),
        ...(volume.downwardAPI!.items ?? []).flatMap((file) => validateDownwardFile(file, path)),
        ...errors,
      ];
    case "projected":
      return [...validateMode(volume.projected!.defaultMode, `${path}.defaultMode`), ...validateProjection(volume.projected!, path), ...errors];
    case "persistentVolumeClaim":
      return [...(volume.persistentVolumeClaim!.claimName ? [] : [required(`${path}.claimName`)]), ...errors];
    case "ephemeral": {
      const template = volume.ephemeral!.volumeClaimTemplate;
      return [...(template ? validateClaimSpec(template.spec, `${path}.volumeClaimTemplate.spec`) : [required(`${path}.volumeClaimTemplate`)]), ...errors];
    }
    default:
      return [...validateForeignVolume(volume, first, path), ...errors];
  }
}

/** What the types of volumes that no node here mounts can't do without. */
const REQUIRED_FIELDS: Record<string, string[]> = {
  awsElasticBlockStore: ["volumeID"],
  azureDisk: ["diskName", "diskURI"],
  azureFile: ["secretName", "shareName"],
  cephfs: ["monitors"],
  cinder: ["volumeID"],
  csi: ["driver"],
  flexVolume: ["driver"],
  gcePersistentDisk: ["pdName"],
  gitRepo: ["repository"],
  glusterfs: ["endpoints", "path"],
  image: ["reference"],
  iscsi: ["targetPortal", "iqn"],
  nfs: ["server", "path"],
  photonPersistentDisk: ["pdID"],
  portworxVolume: ["volumeID"],
  quobyte: ["registry", "volume"],
  rbd: ["monitors", "image"],
  scaleIO: ["gateway", "system", "volumeName"],
  vsphereVolume: ["volumePath"],
};

function validateForeignVolume(volume: Volume, type: string, field: string): FieldError[] {
  const source = volume[type as keyof Volume] as unknown as Record<string, unknown>;
  const missing = (REQUIRED_FIELDS[type] ?? []).filter((name) => !source[name] || (Array.isArray(source[name]) && source[name].length === 0));
  const errors = missing.map((name) => required(`${field}.${name}`));
  if (volume.nfs?.path && !volume.nfs.path.startsWith("/")) errors.push(invalid(`${field}.path`, volume.nfs.path, "must be an absolute path"));
  if (volume.image) errors.push(...validateOneOf(`${field}.pullPolicy`, volume.image.pullPolicy, ["Always", "IfNotPresent", "Never"]));
  if (volume.csi?.nodePublishSecretRef && !volume.csi.nodePublishSecretRef.name) errors.push(required(`${field}.nodePublishSecretRef.name`));
  return errors;
}

function validateEmptyDir({ sizeLimit }: NonNullable<Volume["emptyDir"]>, field: string): FieldError[] {
  return sizeLimit !== undefined && parseQuantity(sizeLimit) < 0 ? [forbidden(`${field}.sizeLimit`, "SizeLimit field must be a valid resource quantity")] : [];
}

export function validateHostPath({ path, type = "" }: NonNullable<Volume["hostPath"]>, field: string): FieldError[] {
  if (!path) return [required(`${field}.path`)];
  const unknown = HOST_PATH_TYPES.includes(type) ? [] : [notSupported(`${field}.type`, type, HOST_PATH_TYPES)];
  return [...validateNoBacksteps(path, `${field}.path`), ...unknown];
}

function validateFiles(name: string | undefined, nameField: string, { defaultMode, items = [] }: { defaultMode?: number; items?: KeyToPath[] }, field: string): FieldError[] {
  return [
    ...(name ? [] : [required(`${field}.${nameField}`)]),
    ...validateMode(defaultMode, `${field}.defaultMode`),
    ...items.flatMap((item, i) => validateKeyToPath(item, `${field}.items[${i}]`)),
  ];
}

function validateKeyToPath({ key, path, mode }: KeyToPath, field: string): FieldError[] {
  return [
    ...(key ? [] : [required(`${field}.key`)]),
    ...(path ? [] : [required(`${field}.path`)]),
    ...validateRelativePath(path, `${field}.path`),
    ...validateMode(mode, `${field}.mode`),
  ];
}

function validateMode(mode: number | undefined, field: string): FieldError[] {
  return mode !== undefined && (mode < 0 || mode > 0o777) ? [invalid(field, mode, MODE_ERROR)] : [];
}

function validateDownwardFile({ path, fieldRef, resourceFieldRef, mode }: DownwardFile, field: string): FieldError[] {
  const errors = path ? [] : [required(`${field}.path`)];
  errors.push(...validateRelativePath(path, `${field}.path`));
  if (fieldRef) {
    errors.push(...validateFieldRef(fieldRef, VOLUME_FIELDS, `${field}.fieldRef`));
    if (resourceFieldRef) errors.push(invalid(field, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
  } else if (resourceFieldRef) {
    errors.push(...validateResourceFieldRef(resourceFieldRef, `${field}.resourceFieldRef`, true));
  } else {
    errors.push(required(field, "one of fieldRef and resourceFieldRef is required"));
  }
  return [...errors, ...validateMode(mode, `${field}.mode`)];
}

function validateProjection({ sources = [] }: Projected, field: string): FieldError[] {
  const taken = new Set<string>();
  return sources.flatMap((source, i) => {
    const path = `${field}.sources[${i}]`;
    const errors = validateProjectedSource(source, path, field);
    for (const { path: file, owner } of filesOf(source)) {
      if (taken.has(file)) errors.push(invalid(field, owner, "conflicting duplicate paths"));
      taken.add(file);
    }
    if (Object.keys(source).length > 1) errors.push(forbidden(path, "may not specify more than 1 volume type per source"));
    return errors;
  });
}

function filesOf({ secret, configMap, downwardAPI }: Source): { path: string; owner: string }[] {
  return [
    ...(secret?.items ?? []).map(({ path }) => ({ path, owner: secret!.name ?? "" })),
    ...(configMap?.items ?? []).map(({ path }) => ({ path, owner: configMap!.name ?? "" })),
    ...(downwardAPI?.items ?? []).map(({ path }) => ({ path, owner: path })),
  ].filter(({ path }) => path);
}

function validateProjectedSource({ secret, configMap, downwardAPI, serviceAccountToken }: Source, field: string, volumeField: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, files] of Object.entries({ secret, configMap })) if (files) errors.push(...validateFiles(files.name, "name", files, `${field}.${name}`));
  for (const file of downwardAPI?.items ?? []) errors.push(...validateDownwardFile(file, `${field}.downwardAPI`));
  if (serviceAccountToken) {
    const { expirationSeconds = 3600, path } = serviceAccountToken;
    const expiration = `${field}.serviceAccountToken.expirationSeconds`;
    if (expirationSeconds < 600) errors.push(invalid(expiration, expirationSeconds, "may not specify a duration less than 10 minutes"));
    if (expirationSeconds > 2 ** 32) errors.push(invalid(expiration, expirationSeconds, "may not specify a duration larger than 2^32 seconds"));
    errors.push(...(path ? validateRelativePath(path, `${volumeField}.path`) : [required(`${volumeField}.path`)]));
  }
  return errors;
}

/** A path that stays below the directory it is relative to. */
export function validateRelativePath(path: string, field: string): FieldError[] {
  if (!path) return [];
  const errors = path.startsWith("/") ? [invalid(field, path, "must be a relative path")] : [];
  errors.push(...validateNoBacksteps(path, field));
  // Names like `..data` are the volume's own.
  if (path.startsWith("..") && !path.startsWith("../") && path !== "..") errors.push(invalid(field, path, "must not start with '..'"));
  return errors;
}

export function validateNoBacksteps(path: string, field: string): FieldError[] {
  return path.split("/").includes("..") ? [invalid(field, path, "must not contain '..'")] : [];
}
