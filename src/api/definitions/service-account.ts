import { serviceAccounts } from "../resources.ts";
import { ageColumn, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { dns1123Subdomain, validateName } from "./names.ts";

export const serviceAccount = define(serviceAccounts, {
  model: "io.k8s.api.core.v1.ServiceAccount",
  shortNames: ["sa"],
  subresources: ["token"],
  validate: ({ metadata }) => validateName(metadata.name, dns1123Subdomain),
  columns: [nameColumn(), countColumn("Secrets", "Secrets is a list of the secrets in the same namespace that pods running using this ServiceAccount are allowed to use.", ({ secrets }) => secrets?.length ?? 0), ageColumn()],
});
