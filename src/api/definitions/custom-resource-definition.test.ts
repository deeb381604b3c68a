import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CustomResourceDefinition } from "../types.ts";
import { customResourceDefinition as kind } from "./custom-resource-definition.ts";

type Spec = CustomResourceDefinition["spec"];
type Version = Spec["versions"][number];

const PRESERVING = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
const STATUS = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object" }, status: { type: "object" } } } };
const version = (change: Partial<Version> = {}): Version => ({ name: "v1", served: true, storage: true, schema: PRESERVING, ...change });

function crd(change: Partial<Spec> = {}, more: Partial<CustomResourceDefinition> = {}): CustomResourceDefinition {
  const spec = { group: "example.com", scope: "Namespaced", names: { plural: "widgets", kind: "Widget" }, versions: [version()], ...change };
  const definition = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: `widgets.${spec.group}` }, spec, ...more } as CustomResourceDefinition;
  kind.setDefaults!(definition);
  kind.prepareForCreate?.(definition);
  return definition;
}

const told = (errors: { field: string; message: string }[]): string[] => errors.map(({ field, message }) => `${field}: ${message}`);
const errorsOf = (definition: CustomResourceDefinition, old?: CustomResourceDefinition): string[] => told(kind.validate!(definition, old, () => undefined));

function established(definition: CustomResourceDefinition): CustomResourceDefinition {
  return { ...definition, status: { ...definition.status, conditions: [{ type: "Established", status: "True" }] } };
}

describe("defaults", () => {
  test("fill in names, conversion and the stored version", () => {
    const { spec, status } = crd();
    assert.deepEqual(spec.names, { plural: "widgets", kind: "Widget", singular: "widget", listKind: "WidgetList" });
    assert.deepEqual(spec.conversion, { strategy: "None" });
    assert.deepEqual(status!.storedVersions, ["v1"]);
  });

  test("leave what is said", () => {
    const names = { plural: "widgets", kind: "Widget", singular: "wdgt", listKind: "Widgets" };
    assert.deepEqual(crd({ names }).spec.names, names);
  });
});

describe("a definition that is accepted", () => {
  const cases: [what: string, definition: CustomResourceDefinition][] = [
    ["the least", crd()],
    ["cluster-scoped, with all names", crd({ scope: "Cluster", names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList", shortNames: ["w", "wd"], categories: ["all"] } })],
    ["several versions", crd({ versions: [version({ storage: false }), version({ name: "v2beta1" })] })],
    ["deprecated versions", crd({ versions: [version(), version({ name: "v1beta1", storage: false, deprecated: true, deprecationWarning: "use v1: it's é" })] })],
    ["subresources", crd({ versions: [version({ schema: STATUS, subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas", labelSelectorPath: ".spec.selector" } } })] })],
    ["columns", crd({ versions: [version({ additionalPrinterColumns: [{ name: "A", type: "date", format: "date-time", jsonPath: ".metadata.creationTimestamp", priority: 1 }] })] })],
    ["a protected group that was approved", crd({ group: "widgets.k8s.io" }, { metadata: { name: "widgets.widgets.k8s.io", annotations: { "api-approved.kubernetes.io": "https://example.com/1" } } })],
    ["a protected group, knowingly", crd({ group: "widgets.k8s.io" }, { metadata: { name: "widgets.widgets.k8s.io", annotations: { "api-approved.kubernetes.io": "unapproved, an experiment" } } })],
  ];
  for (const [what, definition] of cases) test(what, () => assert.deepEqual(errorsOf(definition), []));
});

describe("a definition that is refused", () => {
  const label = (first: string): string =>
    `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${first}')`;
  const LABEL = label("[a-z]([-a-z0-9]*[a-z0-9])?");
  const path = (change: object): Partial<Spec> => ({ versions: [version({ schema: STATUS, subresources: { scale: { specReplicasPath: ".spec.a", statusReplicasPath: ".status.b", ...change } } })] });
  const column = (change: object): Partial<Spec> => ({ versions: [version({ additionalPrinterColumns: [{ name: "A", type: "string", jsonPath: ".spec.a", ...change }] })] });
  const selectable = (...paths: string[]): Partial<Spec> => ({
    versions: [
      version({
        schema: { openAPIV3Schema: { type: "object", properties: { metadata: { type: "object", properties: { name: { type: "string" } } }, spec: { type: "object", properties: { a: { type: "string" }, n: { type: "number" }, o: { type: "object", properties: { b: { type: "boolean" } } }, l: { type: "array", items: { type: "string" } } } } } } },
        selectableFields: paths.map((jsonPath) => ({ jsonPath })),
      }),
    ],
  });
  const TYPES = "must be one of boolean,date,integer,number,string";
  const PAIRS = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
  const cases: [what: string, change: Partial<Spec>, errors: string[]][] = [
    ["no group", { group: "" }, ['metadata.name: Invalid value: "widgets.": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \'-\' or \'.\', and must start and end with an alphanumeric character (e.g. \'example.com\', regex used for validation is \'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\')', "spec.group: Required value"]],
    ["a group without a dot", { group: "example" }, ['spec.group: Invalid value: "example": should be a domain with at least one dot']],
    ["another name", { names: { plural: "gadgets", kind: "Widget" } }, ['metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group']],
    ["no scope", { scope: "" }, ["spec.scope: Required value"]],
    ["an unknown scope", { scope: "Galaxy" }, ['spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"']],
    ["no schema", { versions: [version({ schema: undefined })] }, ["spec.versions[0].schema.openAPIV3Schema: Required value"]],
    ["a version's name", { versions: [version({ name: "V1" })] }, [`spec.versions[0].name: Invalid value: "V1": ${LABEL}`, `spec.version: Invalid value: "V1": ${LABEL}`]],
    ["two storage versions", { versions: [version(), version({ name: "v2" })] }, ["must have exactly one version marked as storage version", 'status.storedVersions: Invalid value: ["v1"]: must have the storage version v2']],
    ["no storage version", { versions: [version({ storage: false })] }, ["must have exactly one version marked as storage version", "status.storedVersions: Invalid value: []: must have at least one stored version"]],
    ["a version twice", { versions: [version(), version({ storage: false })] }, ["must contain unique version names"]],
    ["a warning without deprecation", { versions: [version({ deprecationWarning: "x" })] }, ['spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions']],
    ["an empty warning", { versions: [version({ deprecated: true, deprecationWarning: "" })] }, ['spec.versions[0].deprecationWarning: Invalid value: "": must not be an empty string']],
    ["a warning with line breaks", { versions: [version({ deprecated: true, deprecationWarning: "é\n" })] }, ['spec.versions[0].deprecationWarning: Invalid value: "é\\n": must only contain printable UTF-8 characters; non-printable character found at index 2']],
    ["a long warning", { versions: [version({ deprecated: true, deprecationWarning: "x".repeat(257) })] }, [`spec.versions[0].deprecationWarning: Invalid value: "${"x".repeat(257)}": must be <= 256 characters long`]],
    ["a kind", { names: { plural: "widgets", singular: "widget", kind: "Wid_get", listKind: "WidgetList" } }, [`spec.names.kind: Invalid value: "Wid_get": may have mixed case, but should otherwise match: ${LABEL}`, ]],
    ["a kind that is its own list", { names: { plural: "widgets", kind: "Widget", listKind: "Widget" } }, ['spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same']],
    ["a short name", { names: { plural: "widgets", kind: "Widget", shortNames: ["W", ""], categories: ["A b"] } }, [`spec.names.shortNames[0]: Invalid value: "W": ${LABEL}`, `spec.names.shortNames[1]: Invalid value: "": ${LABEL}`, `spec.names.categories[0]: Invalid value: "A b": ${LABEL}`]],
    ["no paths of a scale", path({ specReplicasPath: "", statusReplicasPath: "" }), ["spec.subresources.scale.specReplicasPath: Required value", "spec.subresources.scale.statusReplicasPath: Required value"]],
    [
      "other paths of a scale",
      path({ specReplicasPath: ".status.a", statusReplicasPath: "spec.b", labelSelectorPath: ".metadata.labels" }),
      [
        'spec.subresources.scale.specReplicasPath: Invalid value: ".status.a": should be a json path under .spec',
        'spec.subresources.scale.statusReplicasPath: Invalid value: "spec.b": must be a simple json path starting with .',
        'spec.subresources.scale.labelSelectorPath: Invalid value: ".metadata.labels": should be a json path under either .spec or .status',
      ],
    ],
    ["a column without anything", column({ name: "", type: "", jsonPath: "" }), ["spec.additionalPrinterColumns[0].name: Required value", `spec.additionalPrinterColumns[0].type: Required value: ${TYPES}`, "spec.additionalPrinterColumns[0].JSONPath: Required value"]],
    [
      "a column of an unknown type",
      column({ type: "text", format: "uuid", jsonPath: "spec.a" }),
      [
        `spec.additionalPrinterColumns[0].type: Invalid value: "text": ${TYPES}`,
        'spec.additionalPrinterColumns[0].format: Invalid value: "uuid": must be one of byte,date,date-time,double,float,int32,int64,password',
        'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec.a": must be a simple json path starting with .',
      ],
    ],
    [
      "a column of one of several versions",
      { versions: [version(), version({ name: "v2", storage: false, additionalPrinterColumns: [{ name: "", type: "string", jsonPath: ".a" }] })] },
      ["spec.versions[1].additionalPrinterColumns[0].name: Required value"],
    ],
    [
      "fields to select by",
      selectable("", ".spec.x", ".spec.n", ".metadata.name", ".spec.o", ".spec.l[0]", ".spec.a", ".spec.a"),
      [
        "spec.selectableFields[0].jsonPath: Required value",
        'spec.selectableFields[1].jsonPath: Invalid value: ".spec.x": is an invalid path: does not refer to a valid field',
        `spec.selectableFields[2].jsonPath: Invalid value: ".spec.n": ${PAIRS}`,
        'spec.selectableFields[3].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata',
        `spec.selectableFields[4].jsonPath: Invalid value: ".spec.o": ${PAIRS}`,
        'spec.selectableFields[5].jsonPath: Invalid value: ".spec.l[0]": is an invalid path: array notation is not allowed',
        'spec.selectableFields[7].jsonPath: Duplicate value: ".spec.a"',
      ],
    ],
    ["no strategy of conversion", { conversion: { strategy: "" } }, ["spec.conversion.strategy: Required value"]],
    ["an unknown strategy of conversion", { conversion: { strategy: "Magic" } }, ['spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook"']],
    [
      "a webhook without a strategy",
      { conversion: { strategy: "None", webhook: { clientConfig: { url: "https://example.com" }, conversionReviewVersions: ["v1"] } } },
      ["spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook", "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook"],
    ],
    [
      "a conversion webhook, which this cluster does not have",
      { conversion: { strategy: "Webhook", webhook: { clientConfig: { url: "https://example.com" }, conversionReviewVersions: ["v1"] } } },
      ["spec.conversion.strategy: Forbidden: conversion webhooks are not supported on this cluster: only None is"],
    ],
    [
      "an incomplete conversion webhook",
      { conversion: { strategy: "Webhook", webhook: { conversionReviewVersions: ["v0", "v0"] } } },
      [
        "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        'spec.conversion.conversionReviewVersions[1]: Invalid value: "v0": duplicate version',
        'spec.conversion.conversionReviewVersions: Invalid value: ["v0","v0"]: must include at least one of v1, v1beta1',
        "spec.conversion.strategy: Forbidden: conversion webhooks are not supported on this cluster: only None is",
      ],
    ],
    ["unknown fields everywhere", { preserveUnknownFields: true }, ["spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"]],
    [
      "a protected group",
      { group: "widgets.k8s.io" },
      ['metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111'],
    ],
  ];
  for (const [what, change, errors] of cases) {
    test(what, () => {
      const found = errorsOf(crd(change));
      assert.equal(found.length, errors.length, found.join("\n"));
      // Whole lists of versions are cut out of what messages show.
      found.forEach((error, i) => assert.ok(error === errors[i] || (error.startsWith("spec.versions: Invalid value: [") && error.endsWith(`]: ${errors[i]}`)), error));
    });
  }
});

describe("an update", () => {
  const old = crd();
  const cases: [what: string, from: CustomResourceDefinition, to: CustomResourceDefinition, errors: string[]][] = [
    ["of the scope before anyone could create objects", old, crd({ scope: "Cluster" }), []],
    ["of the scope", established(old), established(crd({ scope: "Cluster" })), ['spec.scope: Invalid value: "Cluster": field is immutable']],
    ["of the kind", established(old), established(crd({ names: { plural: "widgets", kind: "Gadget" } })), ['spec.names.kind: Invalid value: "Gadget": field is immutable']],
    ["of the group", old, crd({ group: "example.org" }), ['spec.group: Invalid value: "example.org": field is immutable']],
    ["of the plural", old, crd({ names: { plural: "wdgts", kind: "Widget" } }), ['spec.names.plural: Invalid value: "wdgts": field is immutable']],
    [
      "that drops a version in which objects may be stored",
      old,
      { ...crd({ versions: [version({ name: "v2" })] }), status: { ...old.status!, storedVersions: ["v1", "v2"] } },
      [
        'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
      ],
    ],
    ["that forgets the storage version", old, { ...crd(), status: { ...old.status!, storedVersions: ["v2"] } }, [
      'status.storedVersions: Invalid value: ["v2"]: must have the storage version v1',
      'status.storedVersions[0]: Invalid value: "v2": missing from spec.versions; v2 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v2 and removes v2 from status.storedVersions',
    ]],
    ["that empties the stored versions", old, { ...crd(), status: { ...old.status!, storedVersions: [] } }, ["status.storedVersions: Invalid value: []: must have at least one stored version"]],
  ];
  for (const [what, from, to, errors] of cases) test(what, () => assert.deepEqual(errorsOf(to, from), errors));

  test("leaves alone a schema that was accepted once", () => {
    const wrong = { openAPIV3Schema: { type: "object", properties: { spec: {} } } };
    const before = crd({ versions: [version({ schema: wrong })] });
    assert.deepEqual(errorsOf(before), ["spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields"]);
    assert.deepEqual(errorsOf(crd({ versions: [version({ schema: wrong, additionalPrinterColumns: [] })] }), before), []);
  });
});

test("columns say what kubectl prints of a definition", () => {
  const definition = established(crd({ versions: [version(), version({ name: "v2", storage: false, served: false }), version({ name: "v3", storage: false })], names: { plural: "widgets", kind: "Widget", shortNames: ["a", "b"] } }));
  const printed = kind.columns!.map(({ name, cell }) => [name, cell(definition, 0)]);
  assert.deepEqual(Object.fromEntries(printed.filter(([name]) => name !== "Created At")), {
    Name: "widgets.example.com",
    Scope: "Namespaced",
    Versions: "v1(storage),v3",
    Group: "example.com",
    Kind: "Widget",
    ShortNames: "a,b",
    Established: true,
  });
});

test("warnings name what a schema says in vain", () => {
  const schema = {
    openAPIV3Schema: {
      type: "object",
      properties: {
        a: { type: "string", format: "colour" },
        b: { type: "string", format: "date-time" },
        c: { type: "array", "x-kubernetes-list-type": "set", items: { type: "object", "x-kubernetes-map-type": "atomic" } },
      },
    },
  };
  assert.deepEqual(kind.warnings!(crd({ versions: [version({ schema })] })), [
    'unrecognized format "colour"',
    'x-kubernetes-list-type: set for items of type "object" is not supported by server-side apply or CEL validation rules',
  ]);
});
