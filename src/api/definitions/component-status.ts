/**
 * How the control plane's parts are. Nothing of it is stored: reads are answered with what the server itself knows.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/componentstatus/rest.go
 */
import { componentStatuses } from "../resources.ts";
import type { ComponentStatus } from "../types.ts";
import { column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const componentStatus = define(componentStatuses, {
  model: "io.k8s.api.core.v1.ComponentStatus",
  shortNames: ["cs"],
  verbs: ["get", "list"],
  deprecation: "v1 ComponentStatus is deprecated in v1.19+",
  columns: [
    nameColumn(),
    column("Status", "Status of the component conditions", (object) => {
      const { status } = healthOf(object) ?? {};
      return status === undefined ? "Unknown" : status === "True" ? "Healthy" : "Unhealthy";
    }),
    column("Message", "Message of the component conditions", (object) => healthOf(object)?.message ?? ""),
    column("Error", "Error of the component conditions", (object) => healthOf(object)?.error ?? ""),
  ],
});

function healthOf({ conditions }: ComponentStatus): NonNullable<ComponentStatus["conditions"]>[number] | undefined {
  return conditions?.find(({ type }) => type === "Healthy");
}
