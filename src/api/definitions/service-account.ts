import { serviceAccounts } from "../resources.ts";
import { ageColumn, countTextColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { dns1123Subdomain, validateName } from "./names.ts";

const ENFORCE_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets";

export const serviceAccount = define(serviceAccounts, {
  model: "io.k8s.api.core.v1.ServiceAccount",
  shortNames: ["sa"],
  subresources: ["token"],
  warnings: ({ metadata }) =>
    metadata.annotations?.[ENFORCE_MOUNTABLE] === undefined ? [] : [`metadata.annotations[${ENFORCE_MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`],
  validate: ({ metadata }) => validateName(metadata.name, dns1123Subdomain),
  columns: [nameColumn(), countTextColumn("Secrets", "Secrets is a list of the secrets in the same namespace that pods running using this ServiceAccount are allowed to use.", ({ secrets }) => secrets?.length ?? 0), ageColumn()],
});
