/**
 * Nothing is created in a namespace that isn't there or is going, and some namespaces stay.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/namespace/lifecycle/admission.go
 */
import { forbidden, notFound } from "#api/errors.ts";
import type { Namespace } from "#api/types.ts";
import type { AdmissionPlugin } from "./admission.ts";

const IMMORTAL = ["default", "kube-system", "kube-public"];

export function namespaceLifecycle(findNamespace: (name: string) => Namespace | undefined): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    admit({ operation, definition, namespace, name, object }) {
      if (operation === "DELETE" && definition.kind === "Namespace" && definition.group === "" && IMMORTAL.includes(name)) {
        throw forbidden({ resource: "namespaces", name }, "this namespace may not be deleted");
      }
      if (operation !== "CREATE" || !definition.namespaced) return;
      const found = findNamespace(namespace);
      if (!found) throw notFound({ resource: "namespaces", name: namespace });
      if (found.status?.phase !== "Terminating") return;
      const error = forbidden(
        { group: definition.group, resource: definition.plural, name: name || object?.metadata.generateName },
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
      error.status.details!.causes = [
        { reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" },
      ];
      throw error;
    },
  };
}
