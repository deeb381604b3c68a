/** The old way to bind a pod: as the subresource `binding` of the pod it names. It is never stored. */
import { bindings } from "../resources.ts";
import { define } from "./define.ts";

export const binding = define(bindings, {
  model: "io.k8s.api.core.v1.Binding",
  verbs: ["create"],
});
