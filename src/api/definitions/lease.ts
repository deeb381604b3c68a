import { leases } from "../resources.ts";
import { ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { invalid, validateNonnegative } from "./field-errors.ts";
import { dns1123Subdomain, validateName } from "./names.ts";

export const lease = define(leases, {
  model: "io.k8s.api.coordination.v1.Lease",
  emptySpec: () => ({}),
  validate({ metadata, spec }) {
    const { leaseDurationSeconds: seconds } = spec;
    return [
      ...validateName(metadata.name, dns1123Subdomain),
      ...(seconds !== undefined && seconds <= 0 ? [invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")] : []),
      ...validateNonnegative("spec.leaseTransitions", spec.leaseTransitions),
    ];
  },
  columns: [nameColumn(), column("Holder", "holderIdentity contains the identity of the holder of a current lease.", ({ spec }) => spec?.holderIdentity ?? ""), ageColumn()],
});
