import { endpointSlices } from "../resources.ts";
import { UNSET, ageColumn, column, firstThree, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { validateEndpointSlice, validateEndpointSliceUpdate } from "./endpoints-validation.ts";

export const endpointSlice = define(endpointSlices, {
  model: "io.k8s.api.discovery.v1.EndpointSlice",
  generation: true,
  setDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  columns: [
    nameColumn(),
    column("AddressType", "addressType specifies the type of address carried by this EndpointSlice.", ({ addressType }) => addressType),
    column("Ports", "ports specifies the list of network ports exposed by each endpoint in this slice.", ({ ports }) =>
      ports?.length ? firstThree(ports.map(({ port, name }) => (port === undefined ? name || "*" : String(port)))) : UNSET,
    ),
    column("Endpoints", "endpoints is a list of unique endpoints in this slice.", ({ endpoints }) =>
      endpoints?.length ? firstThree(endpoints.flatMap(({ addresses }) => addresses)) : UNSET,
    ),
    ageColumn(),
  ],
});
