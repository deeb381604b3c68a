/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/storage/volumeattributesclass/strategy.go */
import { isDeepStrictEqual } from "node:util";
import { volumeAttributesClasses } from "../resources.ts";
import { ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { forbidden, required } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";
import { validateParameters, validateProvisioner } from "./storage-parameters-validation.ts";
import { storedOnly } from "./unsupported.ts";

const DEFAULT_ANNOTATION = "volumeattributesclass.alpha.kubernetes.io/is-default-class";

export const volumeAttributesClass = define(volumeAttributesClasses, {
  model: "io.k8s.api.storage.v1.VolumeAttributesClass",
  shortNames: ["vac"],
  validate: ({ metadata, driverName, parameters = {} }) => [
    ...validateName(metadata.name, dns1123Subdomain),
    ...validateProvisioner(driverName, "driverName"),
    ...validateParameters(parameters, "parameters"),
    ...(Object.keys(parameters).length === 0 ? [required("parameters", "must contain at least one key/value pair")] : []),
  ],
  validateUpdate: (object, old) =>
    (["driverName", "parameters"] as const).filter((name) => !isDeepStrictEqual(object[name], old[name])).map((name) => forbidden(name, `updates to ${name} are forbidden.`)),
  warnings: () => storedOnly("VolumeAttributesClass"),
  columns: [
    nameColumn(({ metadata }) => `${metadata.name}${metadata.annotations?.[DEFAULT_ANNOTATION] === "true" ? " (default)" : ""}`),
    column("DriverName", "driverName is the name of the CSI driver. This field is immutable.", ({ driverName }) => driverName),
    ageColumn(),
  ],
});
