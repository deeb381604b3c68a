/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/networking/ingressclass/strategy.go */
import type { FieldError } from "../errors.ts";
import { ingressClasses } from "../resources.ts";
import type { IngressClass } from "../types.ts";
import { NONE, ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { forbidden, invalidFor, notSupported, required, tooLong, validateImmutable } from "./field-errors.ts";
import { validateReference } from "./ingress-validation.ts";
import { dns1123Label, dns1123Subdomain, validateDomainPrefixedPath, validateName } from "./names.ts";

type Parameters = NonNullable<IngressClass["spec"]["parameters"]>;

const MAX_CONTROLLER_BYTES = 250;
const SCOPES = ["Cluster", "Namespace"];

export const ingressClass = define(ingressClasses, {
  model: "io.k8s.api.networking.v1.IngressClass",
  emptySpec: () => ({}),
  generation: true,
  setDefaults({ spec: { parameters } }) {
    if (parameters) parameters.scope ??= "Cluster";
  },
  validate({ metadata, spec: { controller = "", parameters } }) {
    return [
      ...validateName(metadata.name, dns1123Subdomain),
      ...(controller.length > MAX_CONTROLLER_BYTES ? [tooLong("spec.controller", MAX_CONTROLLER_BYTES)] : []),
      ...validateDomainPrefixedPath(controller, "spec.controller"),
      ...(parameters ? validateParameters(parameters, "spec.parameters") : []),
    ];
  },
  validateUpdate: ({ spec }, old) => validateImmutable("spec.controller", spec.controller, old.spec.controller),
  columns: [
    nameColumn(),
    column("Controller", "Controller that is responsible for handling this class", ({ spec }) => spec.controller ?? ""),
    column("Parameters", "A reference to a resource with additional parameters", parametersText),
    ageColumn(),
  ],
});

function validateParameters(parameters: Parameters, field: string): FieldError[] {
  const { scope, namespace } = parameters;
  const errors = validateReference(parameters, field);
  if (scope === undefined) return [...errors, required(`${field}.scope`)];
  if (!SCOPES.includes(scope)) return [...errors, notSupported(`${field}.scope`, scope, SCOPES)];
  if (scope === "Cluster") return namespace === undefined ? errors : [...errors, forbidden(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'")];
  if (namespace === undefined) return [...errors, required(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'")];
  return [...errors, ...invalidFor(`${field}.namespace`, namespace, dns1123Label(namespace))];
}

function parametersText({ spec: { parameters } }: IngressClass): string {
  if (!parameters) return NONE;
  const { kind, apiGroup, name } = parameters;
  return `${kind}${apiGroup === undefined ? "" : `.${apiGroup}`}/${name}`;
}
