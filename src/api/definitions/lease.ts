import { leases } from "../resources.ts";
import { ageColumn, column, nameColumn } from "./columns.ts";
import { define } from "./define.ts";

export const lease = define(leases, {
  model: "io.k8s.api.coordination.v1.Lease",
  columns: [nameColumn(), column("Holder", "holderIdentity contains the identity of the holder of a current lease.", ({ spec }) => spec?.holderIdentity ?? ""), ageColumn()],
});
