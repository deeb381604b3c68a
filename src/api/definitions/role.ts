import { roles } from "../resources.ts";
import { define } from "./define.ts";
import { validateRole } from "./rbac-validation.ts";

export const role = define(roles, { model: "io.k8s.api.rbac.v1.Role", validate: validateRole });
