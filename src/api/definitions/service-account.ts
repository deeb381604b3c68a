import { serviceAccounts } from "../resources.ts";
import { ageColumn, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const serviceAccount = define(serviceAccounts, {
  model: "io.k8s.api.core.v1.ServiceAccount",
  shortNames: ["sa"],
  subresources: ["token"],
  columns: [nameColumn(), countColumn("Secrets", "Secrets is a list of the secrets in the same namespace that pods running using this ServiceAccount are allowed to use.", ({ secrets }) => secrets?.length ?? 0), ageColumn()],
});
