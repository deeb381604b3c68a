/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/networking/ingress/strategy.go */
import { ingresses } from "../resources.ts";
import type { Ingress } from "../types.ts";
import { NONE, ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { CLASS_ANNOTATION, validateIngress, validateIngressStatus } from "./ingress-validation.ts";
import { storedOnly } from "./unsupported.ts";

export const ingress = define(ingresses, {
  model: "io.k8s.api.networking.v1.Ingress",
  emptySpec: () => ({}),
  shortNames: ["ing"],
  subresources: ["status"],
  generation: true,
  setDefaults(object) {
    object.status ??= {};
    object.status.loadBalancer ??= {};
  },
  prepareForCreate(object) {
    object.status = { loadBalancer: {} };
  },
  validate: validateIngress,
  validateStatusUpdate: validateIngressStatus,
  warnings: ({ metadata }) => [
    ...(metadata.annotations?.[CLASS_ANNOTATION] === undefined ? [] : [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`]),
    ...storedOnly("Ingress"),
  ],
  columns: [
    nameColumn(),
    column("Class", "The name of the IngressClass resource that should be used for additional configuration", ({ spec }) => spec.ingressClassName ?? NONE),
    column("Hosts", "Hosts that incoming requests are matched against before the ingress rule", hosts),
    column("Address", "Address is a list containing ingress points for the load-balancer", addresses),
    column("Ports", "Ports of TLS configurations that open", ({ spec }) => (spec.tls?.length ? "80, 443" : "80")),
    ageColumn(),
  ],
});

/** The first three hosts, and how many more rules there are than three. */
function hosts({ spec: { rules = [] } }: Ingress): string {
  const shown: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (shown.length === 3) more = true;
    else if (host) shown.push(host);
  }
  return (shown.join(",") || "*") + (more ? ` + ${rules.length - 3} more...` : "");
}

function addresses({ status }: Ingress): string {
  const found = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => (ip || hostname ? [ip || hostname!] : []));
  return [...new Set(found)].sort().join(",");
}
