/** What the field manager knows of a kind, from its definition. */
import type { FieldSchema } from "#api/field-schema.ts";
import { schemaOf } from "#api/object-schema.ts";
import { apiVersionOf } from "#api/resources.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject } from "#api/types.ts";
import type { Strategy } from "../registry/strategy.ts";
import type { Endpoint } from "./field-manager.ts";
import { EMPTY, fieldSet, type FieldSet } from "./field-set.ts";
import type { Typed } from "./updater.ts";

/** `versionOf` finds the definition of another version of the kind. */
export function endpointOf(
  definition: ResourceDefinition,
  strategy: Strategy,
  subresource: string,
  versionOf: (apiVersion: string) => ResourceDefinition | undefined,
): Endpoint {
  const apiVersion = apiVersionOf(definition);
  const { kind } = definition;
  const schema = schemaOf(definition);
  return {
    apiVersion,
    kind,
    subresource,
    schema: schema.fields(),
    zero: { apiVersion, kind, ...schema.zero?.() },
    resetFields: resetFields(definition, strategy, subresource),
    schemaChanges: definition.schema !== undefined,
    convert(object, wanted) {
      if (wanted === object.apiVersion) return object;
      const from = object.apiVersion === apiVersion ? definition : versionOf(object.apiVersion);
      const to = wanted === apiVersion ? definition : versionOf(wanted);
      return from && to && converted(object, from, to, schemaOf(to).fields());
    },
  };
}

function converted({ value }: Typed, from: ResourceDefinition, to: ResourceDefinition, schema: FieldSchema): Typed {
  const copy = structuredClone(value) as unknown as KubeObject;
  const stored = from.stored?.toStored(copy) ?? copy;
  const shown = to.stored?.fromStored(stored) ?? stored;
  const apiVersion = apiVersionOf(to);
  return { value: { ...shown, apiVersion }, schema, apiVersion };
}

/** What the endpoint puts back: the object's own leaves the status alone, the status' all else. */
function resetFields({ subresources }: ResourceDefinition, { statusWritesMetadata }: Strategy, subresource: string): FieldSet {
  if (subresource === "status") return fieldSet(statusWritesMetadata ? [["f:spec"]] : [["f:spec"], ["f:metadata"]]);
  return subresources?.includes("status") ? fieldSet([["f:status"]]) : EMPTY;
}
