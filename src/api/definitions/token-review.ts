import { tokenReviews } from "../resources.ts";
import { define } from "./define.ts";

export const tokenReview = define(tokenReviews, { model: "io.k8s.api.authentication.v1.TokenReview", verbs: ["create"], emptySpec: () => ({}) });
