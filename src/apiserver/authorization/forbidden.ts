/**
 * The refusal of what nobody allows, in Kubernetes' words.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/responsewriters/errors.go
 */
import { forbidden, StatusError } from "#api/errors.ts";
import type { User } from "../user.ts";
import type { Attributes } from "./authorizer.ts";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

export function forbiddenError({ name }: User, { verb, path, resource }: Attributes, reason: string): StatusError {
  const because = reason === "" ? "" : `: ${reason}`;
  if (!resource) return new StatusError(403, "Forbidden", `forbidden: ${escaped(`User ${quoted(name)} cannot ${verb} path ${quoted(path)}`)}${because}`, {});
  const what = resource.subresource ? `${resource.resource}/${resource.subresource}` : resource.resource;
  const where = resource.namespace ? `in the namespace ${quoted(resource.namespace)}` : "at the cluster scope";
  const text = `User ${quoted(name)} cannot ${verb} resource ${quoted(what)} in API group ${quoted(resource.group)} ${where}`;
  return forbidden({ group: resource.group, resource: resource.resource, name: resource.name }, `${escaped(text)}${because}`);
}

const quoted = (text: string): string => JSON.stringify(text);

/** What a browser could take for HTML. */
function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => ESCAPES[character]!);
}
