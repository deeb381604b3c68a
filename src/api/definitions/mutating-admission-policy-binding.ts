import { mutatingAdmissionPolicyBindings } from "../resources.ts";
import { bindingColumns } from "./admission-policy-columns.ts";
import { setBindingDefaults, validateBinding } from "./admission-policy-validation.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const mutatingAdmissionPolicyBinding = define(mutatingAdmissionPolicyBindings, {
  model: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding",
  emptySpec: () => ({}),
  categories: ["api-extensions"],
  generation: true,
  setDefaults: setBindingDefaults,
  validate: validateBinding,
  columns: [nameColumn(), ...bindingColumns(), ageColumn()],
});
