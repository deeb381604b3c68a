/** Where a PersistentVolume's data is. @see https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidatePersistentVolumeSpec) */
import type { FieldError } from "../errors.ts";
import type { PersistentVolume } from "../types.ts";
import { forbidden, invalidFor, required } from "./field-errors.ts";
import { dns1123Label, dns1123Subdomain } from "./names.ts";
import { validateDriverName } from "./storage-parameters-validation.ts";
import { validateHostPath, validateNoBacksteps } from "./volume-validation.ts";

type Spec = PersistentVolume["spec"];
type CSI = NonNullable<Spec["csi"]>;

/** The fields of the spec that say where the data is, with what each must say, in upstream's order. */
const SOURCES: Partial<Record<keyof Spec, string[]>> = {
  hostPath: [],
  gcePersistentDisk: ["pdName"],
  awsElasticBlockStore: ["volumeID"],
  glusterfs: ["endpoints", "path"],
  flocker: [],
  nfs: ["server", "path"],
  rbd: ["monitors", "image"],
  quobyte: ["registry", "volume"],
  cephfs: ["monitors"],
  iscsi: ["targetPortal", "iqn"],
  cinder: ["volumeID"],
  fc: [],
  flexVolume: ["driver"],
  azureFile: ["secretName", "shareName"],
  vsphereVolume: ["volumePath"],
  photonPersistentDisk: ["pdID"],
  portworxVolume: ["volumeID"],
  azureDisk: ["diskName", "diskURI"],
  scaleIO: ["gateway", "system", "volumeName"],
  local: ["path"],
  storageos: [],
  csi: ["volumeHandle"],
};
const NAMES = Object.keys(SOURCES) as (keyof Spec)[];

/** The part of a spec that says where the data is. */
export function sourceOf(spec: Spec): Partial<Spec> {
  return Object.fromEntries(NAMES.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]));
}

export function validateSource(spec: Spec, field: string): FieldError[] {
  const [first, ...others] = NAMES.filter((name) => spec[name] !== undefined);
  if (!first) return [required(field, "must specify a volume type")];
  const path = `${field}.${first}`;
  const values = spec[first] as Record<string, unknown>;
  const isMissing = (value: unknown): boolean => value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  const errors = SOURCES[first]!.filter((name) => isMissing(values[name])).map((name) => required(`${path}.${name}`));
  if (spec.hostPath) errors.push(...validateHostPath(spec.hostPath, path));
  if (spec.local) errors.push(...validateNoBacksteps(spec.local.path, `${path}.path`));
  if (spec.csi) errors.push(...validateCSI(spec.csi, path));
  if (first === "local" && !spec.nodeAffinity) errors.push(required(`${field}.nodeAffinity`, "Local volume requires node affinity"));
  return [...errors, ...others.map((other) => forbidden(`${field}.${other}`, "may not specify more than 1 volume type"))];
}

function validateCSI(csi: CSI, field: string): FieldError[] {
  const references = ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"] as const;
  return [
    ...validateDriverName(csi.driver, `${field}.driver`),
    ...references.flatMap((name) => {
      const reference = csi[name];
      if (!reference) return [];
      const { name: secret = "", namespace = "" } = reference;
      const path = `${field}.${name}`;
      return [
        ...(secret === "" ? [required(`${path}.name`)] : invalidFor(`${path}.name`, secret, dns1123Subdomain(secret))),
        ...(namespace === "" ? [required(`${path}.namespace`)] : invalidFor(`${path}.namespace`, namespace, dns1123Label(namespace))),
      ];
    }),
  ];
}
