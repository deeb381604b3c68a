import { validatingAdmissionPolicyBindings } from "../resources.ts";
import { bindingColumns } from "./admission-policy-columns.ts";
import { setBindingDefaults, validateValidatingBinding } from "./admission-policy-validation.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const validatingAdmissionPolicyBinding = define(validatingAdmissionPolicyBindings, {
  model: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding",
  emptySpec: () => ({}),
  categories: ["api-extensions"],
  generation: true,
  setDefaults: setBindingDefaults,
  validate: validateValidatingBinding,
  columns: [nameColumn(), ...bindingColumns(), ageColumn()],
});
