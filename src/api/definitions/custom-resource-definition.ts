/** @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/registry/customresourcedefinition/strategy.go */
import { customResourceDefinitions } from "../resources.ts";
import type { CustomResourceDefinition } from "../types.ts";
import { booleanColumn, column, nameColumn, wide } from "./columns.ts";
import { customResourceDefinitionWarnings } from "./custom-resource-definition-warnings.ts";
import { validateCustomResourceDefinition, validateCustomResourceDefinitionStatus } from "./custom-resource-definition-validation.ts";
import { define } from "./define.ts";

const CREATED =
  "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.";

export const customResourceDefinition = define(customResourceDefinitions, {
  model: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  subresources: ["status"],
  generation: true,
  setDefaults(crd) {
    const { spec } = crd;
    const { names } = spec;
    names.singular ||= names.kind.toLowerCase();
    if (names.kind) names.listKind ||= `${names.kind}List`;
    spec.conversion ??= { strategy: "None" };
    const { webhook } = spec.conversion;
    if (webhook?.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
    crd.status ??= {};
    if (!crd.status.storedVersions?.length) noteStorageVersion(crd);
  },
  prepareForCreate(crd) {
    crd.status = {};
    noteStorageVersion(crd);
  },
  prepareForUpdate(crd) {
    crd.status = { ...crd.status };
    noteStorageVersion(crd);
  },
  validate: validateCustomResourceDefinition,
  validateStatusUpdate: ({ status }) => validateCustomResourceDefinitionStatus(status ?? {}),
  warnings: customResourceDefinitionWarnings,
  columns: [
    nameColumn(),
    column("Scope", "Cluster/Namespaced", ({ spec }) => spec.scope),
    column("Versions", "Served versions", versionsText),
    { name: "Created At", type: "date", description: CREATED, cell: ({ metadata }) => metadata.creationTimestamp ?? null },
    wide(column("Group", "API group", ({ spec }) => spec.group)),
    wide(column("Kind", "CustomResource kind", ({ spec }) => spec.names.kind)),
    wide(column("ShortNames", "Short names", ({ spec }) => spec.names.shortNames?.join(",") ?? "")),
    wide(booleanColumn("Established", "Established status", ({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True") ?? false)),
  ],
});

/** Objects may be stored in every version that was ever marked, until someone has migrated them and says so. */
function noteStorageVersion(crd: CustomResourceDefinition): void {
  const storage = crd.spec.versions.find((version) => version.storage)?.name;
  const { storedVersions = [] } = crd.status!;
  if (storage !== undefined && !storedVersions.includes(storage)) crd.status!.storedVersions = [...storedVersions, storage];
}

function versionsText({ spec }: CustomResourceDefinition): string {
  const served = spec.versions.filter((version) => version.served);
  return served.map(({ name, storage }) => (storage ? `${name}(storage)` : name)).sort().join(",");
}
