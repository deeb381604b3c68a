import { clusterRoles } from "../resources.ts";
import { define } from "./define.ts";
import { validateClusterRole } from "./rbac-validation.ts";

export const clusterRole = define(clusterRoles, { model: "io.k8s.api.rbac.v1.ClusterRole", validate: validateClusterRole });
