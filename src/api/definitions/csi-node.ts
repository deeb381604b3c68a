/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/storage/csinode/strategy.go */
import type { FieldError } from "../errors.ts";
import { csiNodes } from "../resources.ts";
import type { CSINode } from "../types.ts";
import { ageColumn, countColumn, nameColumn } from "./columns.ts";
import { define } from "./define.ts";
import { duplicate, invalid, invalidFor, required, validateImmutable, validateNonnegative } from "./field-errors.ts";
import { dns1123Subdomain, qualifiedName, validateName } from "./names.ts";
import { validateDriverName } from "./storage-parameters-validation.ts";
import { storedOnly } from "./unsupported.ts";

type Driver = CSINode["spec"]["drivers"][number];

const MAX_NODE_ID_BYTES = 256;

export const csiNode = define(csiNodes, {
  model: "io.k8s.api.storage.v1.CSINode",
  emptySpec: () => ({ drivers: [] }),
  validate({ metadata, spec }) {
    const names = new Set<string>();
    const errors = validateName(metadata.name, dns1123Subdomain);
    for (const [i, driver] of spec.drivers.entries()) {
      const field = `spec.drivers[${i}]`;
      errors.push(...validateDriver(driver, field));
      if (names.has(driver.name)) errors.push(duplicate(`${field}.name`, driver.name));
      names.add(driver.name);
    }
    return errors;
  },
  validateUpdate: ({ spec }, old) =>
    old.spec.drivers.flatMap((before) => {
      const after = spec.drivers.find(({ name }) => name === before.name);
      return after ? validateImmutable("spec.drivers", fixed(after), fixed(before)) : [];
    }),
  warnings: () => storedOnly("CSINode"),
  columns: [nameColumn(), countColumn("Drivers", "Drivers indicates the number of CSI drivers registered on the node", ({ spec }) => spec.drivers?.length ?? 0), ageColumn()],
});

/** What of a driver stays as it was registered. */
function fixed({ name, nodeID, topologyKeys }: Driver): object {
  return { name, nodeID, topologyKeys };
}

function validateDriver({ name, nodeID, allocatable, topologyKeys = [] }: Driver, field: string): FieldError[] {
  return [
    ...validateDriverName(name, `${field}.name`),
    ...(nodeID === "" ? [required(`${field}.nodeID`)] : []),
    ...(nodeID.length > MAX_NODE_ID_BYTES ? [invalid(`${field}.nodeID`, nodeID, `must be ${MAX_NODE_ID_BYTES} characters or less`)] : []),
    ...validateNonnegative(`${field}.allocatable.count`, allocatable?.count),
    ...topologyKeys.flatMap((key, i) => [
      ...(key === "" ? [required(field)] : []),
      ...(topologyKeys.indexOf(key) < i ? [duplicate(field, key)] : []),
      ...invalidFor(field, key, qualifiedName(key)),
    ]),
  ];
}
