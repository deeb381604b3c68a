/** @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/registry/customresourcedefinition/strategy.go (WarningsOnCreate) */
import { formatOf } from "../structural-schema/formats.ts";
import { itemsOf, someSchema } from "../structural-schema/json-schema.ts";
import type { CustomResourceDefinition } from "../types.ts";

/** What a schema says that has no effect. */
export function customResourceDefinitionWarnings({ spec }: CustomResourceDefinition): string[] {
  const formats = new Set<string>();
  const sets = new Set<string>();
  for (const { schema } of spec.versions) {
    someSchema(schema?.openAPIV3Schema, (inner) => {
      if (inner.format && formatOf(inner.type ?? "", inner.format) === "") formats.add(`unrecognized format ${JSON.stringify(inner.format)}`);
      const type = itemsOf(inner)?.type;
      if (inner["x-kubernetes-list-type"] === "set" && (type === "object" || type === "array")) {
        sets.add(`x-kubernetes-list-type: set for items of type ${JSON.stringify(type)} is not supported by server-side apply or CEL validation rules`);
      }
      return false;
    });
  }
  return [...formats, ...[...sets].sort()];
}
