import { controllerOf, controllerRevisions } from "../resources.ts";
import type { ControllerRevision } from "../types.ts";
import { NONE, ageColumn, column, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const controllerRevision = define(controllerRevisions, {
  model: "io.k8s.api.apps.v1.ControllerRevision",
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
