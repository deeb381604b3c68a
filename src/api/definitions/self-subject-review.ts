import { selfSubjectReviews } from "../resources.ts";
import { define } from "./define.ts";

export const selfSubjectReview = define(selfSubjectReviews, { model: "io.k8s.api.authentication.v1.SelfSubjectReview", verbs: ["create"] });
