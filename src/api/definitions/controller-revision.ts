import { controllerOf, controllerRevisions } from "../resources.ts";
import type { ControllerRevision } from "../types.ts";
import { NONE, ageColumn, column, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { required, validateImmutable, validateNonnegative } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";

export const controllerRevision = define(controllerRevisions, {
  model: "io.k8s.api.apps.v1.ControllerRevision",
  validate: ({ metadata, data, revision }) => [
    ...validateName(metadata.name, dns1123Subdomain),
    ...(data === undefined ? [required("data", "data is mandatory")] : []),
    ...validateNonnegative("revision", revision),
  ],
  validateUpdate: ({ data }, old) => validateImmutable("data", data, old.data),
  columns: [
    nameColumn(),
    column("Controller", "Controller of the object", controllerText),
    countColumn("Revision", "Revision indicates the revision of the state represented by Data.", ({ revision }) => revision),
    ageColumn(),
  ],
});

function controllerText(object: ControllerRevision): string {
  const controller = controllerOf(object);
  if (!controller) return NONE;
  const slash = controller.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : `.${controller.apiVersion.slice(0, slash)}`;
  return `${controller.kind.toLowerCase()}${group}/${controller.name}`;
}
