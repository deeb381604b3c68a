import { endpoints as resource } from "../resources.ts";
import type { Endpoints } from "../types.ts";
import { NONE, ageColumn, column, firstThree, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { endpointsWarnings, validateEndpoints } from "./endpoints-validation.ts";

export const endpoints = define(resource, {
  model: "io.k8s.api.core.v1.Endpoints",
  shortNames: ["ep"],
  setDefaults({ subsets }) {
    for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= "TCP";
  },
  deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  validate: validateEndpoints,
  warnings: endpointsWarnings,
  columns: [nameColumn(), column("Endpoints", "The set of all endpoints is the union of all subsets.", addresses), ageColumn()],
});

function addresses({ subsets }: Endpoints): string {
  if (!subsets?.length) return NONE;
  const all = subsets.flatMap((subset) => {
    const ips = (subset.addresses ?? []).map(({ ip }) => ip);
    // A headless service may have no ports.
    return subset.ports?.length ? subset.ports.flatMap(({ port }) => ips.map((ip) => `${ip}:${port}`)) : ips;
  });
  return firstThree(all);
}
