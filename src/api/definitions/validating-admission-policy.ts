/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/admissionregistration/validatingadmissionpolicy/strategy.go */
import { validatingAdmissionPolicies } from "../resources.ts";
import { paramKindColumn } from "./admission-policy-columns.ts";
import { setPolicyDefaults, validateValidatingPolicy, validateValidatingPolicyStatus } from "./admission-policy-validation.ts";
import { ageColumn, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const validatingAdmissionPolicy = define(validatingAdmissionPolicies, {
  model: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy",
  emptySpec: () => ({}),
  categories: ["api-extensions"],
  subresources: ["status"],
  generation: true,
  setDefaults(object) {
    object.status ??= {};
    setPolicyDefaults(object);
  },
  prepareForCreate(object) {
    object.status = {};
  },
  validate: validateValidatingPolicy,
  validateStatusUpdate: validateValidatingPolicyStatus,
  columns: [
    nameColumn(),
    countColumn("Validations", "Validations indicates the number of validation rules defined in this configuration", ({ spec }) => spec.validations?.length ?? 0),
    paramKindColumn(),
    ageColumn(),
  ],
});
