import { isDeepStrictEqual } from "node:util";
import { endpointSlices } from "../resources.ts";
import { UNSET, ageColumn, column, firstThree, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { endpointSliceWarnings, validateEndpointSlice, validateEndpointSliceUpdate } from "./endpoints-validation.ts";

export const endpointSlice = define(endpointSlices, {
  model: "io.k8s.api.discovery.v1.EndpointSlice",
  generation: true,
  setDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  prepareForUpdate(object, old) {
    // Labels say whose the endpoints are: a change of them counts as one of the slice.
    if (!isDeepStrictEqual(object.metadata.labels, old.metadata.labels)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  warnings: endpointSliceWarnings,
  columns: [
    nameColumn(),
    column("AddressType", "addressType specifies the type of address carried by this EndpointSlice.", ({ addressType }) => addressType),
    column("Ports", "ports specifies the list of network ports exposed by each endpoint in this slice.", ({ ports }) => firstThree((ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? "*") : String(port)))) || UNSET),
    column("Endpoints", "endpoints is a list of unique endpoints in this slice.", ({ endpoints }) => firstThree((endpoints ?? []).flatMap(({ addresses }) => addresses)) || UNSET),
    ageColumn(),
  ],
});
