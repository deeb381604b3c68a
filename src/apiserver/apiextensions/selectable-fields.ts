/** @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-selectors */
import { jsonPathText, parseJsonPath } from "#lib/jsonpath.ts";
import type { KubeObject } from "#api/types.ts";

/** The fields of an object that lists can be selected by: `{ "spec.color": "blue" }`; absent ones are empty. */
export function selectableFieldsOf(selectable: readonly { jsonPath: string }[]): (object: KubeObject) => Record<string, string> {
  const fields = selectable.map(({ jsonPath }) => ({ name: jsonPath.replace(/^\./, ""), find: parseJsonPath(jsonPath) }));
  return (object) => Object.fromEntries(fields.map(({ name, find }) => [name, textOf(find(object)[0])]));
}

/** They are texts, numbers and booleans: others can't be selected by. */
function textOf(value: unknown): string {
  return value === undefined || value === null ? "" : jsonPathText(value);
}
