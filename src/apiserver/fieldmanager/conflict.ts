/**
 * What an applier is told whose fields belong to others.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/managedfields/internal/conflict.go
 */
import { StatusError } from "#api/errors.ts";
import { formatPath, paths } from "./field-set.ts";
import { managerOf } from "./managed-fields.ts";
import type { Conflict } from "./updater.ts";

export function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const byManager = conflicts
    .toSorted((a, b) => (a.manager < b.manager ? -1 : 1))
    .map(({ manager, fields }) => ({ name: describe(manager), fields: [...paths(fields)].map(formatPath) }));
  const causes = byManager.flatMap(({ name, fields }) => fields.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${name}`, field })));
  const details =
    causes.length === 1
      ? `1 conflict: ${causes[0]!.message}: ${causes[0]!.field}`
      : `${causes.length} conflicts: ${byManager.flatMap(({ name, fields }) => [`conflicts with ${name}:`, ...fields.map((field) => `- ${field}`)]).join("\n")}`;
  return new StatusError(409, "Conflict", `Apply failed with ${details}`, { causes });
}

function describe(id: string): string {
  const { name, operation, apiVersion, subresource } = managerOf(id);
  const who = JSON.stringify(name) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : "");
  return operation === "Update" ? `${who} using ${apiVersion}` : who;
}
