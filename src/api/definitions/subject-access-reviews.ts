/** `kubectl auth can-i`: whether somebody may do something. */
import { localSubjectAccessReviews, selfSubjectAccessReviews, selfSubjectRulesReviews, subjectAccessReviews } from "../resources.ts";
import { define } from "./define.ts";
import { validateLocalSubjectAccessReview, validateSelfSubjectAccessReview, validateSubjectAccessReview } from "./subject-access-review-validation.ts";

const verbs = ["create"];
const emptySpec = () => ({});

export const localSubjectAccessReview = define(localSubjectAccessReviews, {
  model: "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
  verbs,
  emptySpec,
  validate: validateLocalSubjectAccessReview,
});

export const selfSubjectAccessReview = define(selfSubjectAccessReviews, {
  model: "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
  verbs,
  emptySpec,
  validate: validateSelfSubjectAccessReview,
});

export const selfSubjectRulesReview = define(selfSubjectRulesReviews, { model: "io.k8s.api.authorization.v1.SelfSubjectRulesReview", verbs, emptySpec });

export const subjectAccessReview = define(subjectAccessReviews, {
  model: "io.k8s.api.authorization.v1.SubjectAccessReview",
  verbs,
  emptySpec,
  validate: validateSubjectAccessReview,
});
