/**
 * Ingresses that name no class get the default one, while there is one.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/network/defaultingressclass/admission.go
 */
import type { Ingress, IngressClass } from "#api/types.ts";
import { isAbout, type AdmissionPlugin } from "./admission.ts";
import { newestDefault } from "./default-class.ts";

const DEFAULT_CLASS = ["ingressclass.kubernetes.io/is-default-class"];
const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

export function defaultIngressClass(ingressClasses: () => IngressClass[]): AdmissionPlugin {
  return {
    name: "DefaultIngressClass",
    admit(attributes) {
      if (attributes.operation !== "CREATE" || !isAbout(attributes, "networking.k8s.io", "ingresses")) return;
      const ingress = attributes.object as Ingress;
      if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return;
      const name = newestDefault(ingressClasses(), DEFAULT_CLASS)?.metadata.name;
      if (name) ingress.spec = { ...ingress.spec, ingressClassName: name };
    },
  };
}
