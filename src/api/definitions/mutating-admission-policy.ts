/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/admissionregistration/mutatingadmissionpolicy/strategy.go */
import { mutatingAdmissionPolicies } from "../resources.ts";
import { paramKindColumn } from "./admission-policy-columns.ts";
import { setPolicyDefaults, validateMutatingPolicy } from "./admission-policy-validation.ts";
import { ageColumn, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const mutatingAdmissionPolicy = define(mutatingAdmissionPolicies, {
  model: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy",
  emptySpec: () => ({}),
  categories: ["api-extensions"],
  generation: true,
  setDefaults: setPolicyDefaults,
  validate: validateMutatingPolicy,
  columns: [
    nameColumn(),
    countColumn("Mutations", "Mutation indicates the number of mutations rules defined in this configuration", ({ spec }) => spec.mutations?.length ?? 0),
    paramKindColumn(),
    ageColumn(),
  ],
});
