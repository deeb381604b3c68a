/**
 * Nothing is created in a namespace that isn't there or is going, and some namespaces stay.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/namespace/lifecycle/admission.go
 */
import { forbidden, notFound } from "#api/errors.ts";
import type { Namespace } from "#api/types.ts";
import { refusal, type AdmissionPlugin } from "./admission.ts";

const IMMORTAL = ["default", "kube-system", "kube-public"];
/** Questions about a namespace may be asked of one that isn't there. */
const ACCESS_REVIEWS = "localsubjectaccessreviews";

export function namespaceLifecycle(findNamespace: (name: string) => Namespace | undefined): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    admit(attributes) {
      const { operation, definition, namespace, name } = attributes;
      const isNamespace = definition.plural === "namespaces" && definition.group === "";
      if (operation === "DELETE" && isNamespace && IMMORTAL.includes(name)) {
        throw forbidden({ resource: "namespaces", name }, "this namespace may not be deleted");
      }
      if (operation === "DELETE" || operation === "CONNECT" || !definition.namespaced || definition.plural === ACCESS_REVIEWS) return;
      const found = findNamespace(namespace);
      if (!found) throw notFound({ resource: "namespaces", name: namespace });
      if (operation !== "CREATE" || found.status?.phase !== "Terminating") return;
      const error = refusal(attributes, `unable to create new content in namespace ${namespace} because it is being terminated`);
      error.status.details!.causes = [
        { reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" },
      ];
      throw error;
    },
  };
}
