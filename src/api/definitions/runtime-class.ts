/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/node/runtimeclass/strategy.go */
import { runtimeClasses } from "../resources.ts";
import { ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { validateRuntimeClass, validateRuntimeClassUpdate } from "./runtime-class-validation.ts";

export const runtimeClass = define(runtimeClasses, {
  model: "io.k8s.api.node.v1.RuntimeClass",
  validate: validateRuntimeClass,
  validateUpdate: validateRuntimeClassUpdate,
  columns: [
    nameColumn(),
    column("Handler", "handler specifies the underlying runtime and configuration that the CRI implementation will use to handle pods of this class.", ({ handler }) => handler ?? ""),
    ageColumn(),
  ],
});
