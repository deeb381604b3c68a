/** The operations of the OpenAPI documents. kubectl looks up paths, actions and query parameters in them. */
import { subresourcesOf } from "../definitions/subresources.ts";
import { verbsOf } from "../discovery.ts";
import { resourcePath } from "../resources.ts";
import { isStored, type ResourceDefinition } from "../scheme.ts";
import { type Dialect, listModelOf, reference } from "./render.ts";

type Json = Record<string, unknown>;

/** What an operation works on and gives back. */
interface Target {
  definition: ResourceDefinition;
  dialect: Dialect;
  group: string;
  version: string;
  kind: string;
  model: string | undefined;
  /** `Deployment`, `DeploymentScale`: the end of operation ids. */
  noun: string;
}

const DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
const STATUS = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
const BODY_TYPES = ["application/json", "application/yaml"];
const STRATEGIC = "application/strategic-merge-patch+json";
const PATCH_TYPES = ["application/json-patch+json", "application/merge-patch+json", STRATEGIC, "application/apply-patch+yaml"];

/** Every path of one kind. */
export function pathsOf(definition: ResourceDefinition, dialect: Dialect): Record<string, Json> {
  const { group, version, kind, model } = definition;
  const target: Target = { definition, dialect, group, version, kind, model, noun: `${definition.namespaced ? "Namespaced" : ""}${kind}` };
  const collection = decodeURIComponent(resourcePath(definition, "{namespace}"));
  const verbs = verbsOf(definition);
  const paths: Record<string, Json> = {
    [collection]: {
      ...pathParameters(target, false),
      ...(isStored(definition) ? { get: operation(target, "list", LIST_QUERY, { answer: listModelOf(definition) }) } : {}),
      ...(verbs.includes("create") ? { post: operation(target, "create", WRITE_QUERY, { body: model, answer: model }) } : {}),
      ...(verbs.includes("deletecollection") ? { delete: operation(target, "deletecollection", [...LIST_QUERY, ...DELETE_QUERY], { body: DELETE_OPTIONS, answer: STATUS }) } : {}),
    },
  };
  // What can only be asked has no items.
  if (!isStored(definition)) return paths;
  paths[`${collection}/{name}`] = { ...pathParameters(target, true), ...itemOperations(target, verbs) };
  if (definition.namespaced) {
    paths[resourcePath(definition)] = { get: operation({ ...target, noun: `${kind}ForAllNamespaces` }, "list", LIST_QUERY, { answer: listModelOf(definition) }) };
  }
  for (const sub of subresourcesOf(definition)) {
    const { name, ...carried } = sub;
    const part = { ...target, ...carried, noun: target.noun + name[0]!.toUpperCase() + name.slice(1) };
    const stream = sub.model === undefined;
    paths[`${collection}/{name}/${name}`] = {
      ...pathParameters(target, true),
      ...(stream ? connectOperations(part, sub.verbs) : itemOperations(part, sub.verbs)),
    };
  }
  return paths;
}

function itemOperations(target: Target, verbs: string[]): Json {
  const { model } = target;
  return {
    ...(verbs.includes("get") ? { get: operation(target, "get", [], { answer: model }) } : {}),
    ...(verbs.includes("create") && target.noun !== nounOf(target.definition) ? { post: operation(target, "create", WRITE_QUERY, { body: model, answer: model }) } : {}),
    ...(verbs.includes("update") ? { put: operation(target, "update", WRITE_QUERY, { body: model, answer: model }) } : {}),
    ...(verbs.includes("patch") ? { patch: operation(target, "patch", [...WRITE_QUERY, FORCE], { body: "patch", answer: model }) } : {}),
    ...(verbs.includes("delete") ? { delete: operation(target, "delete", DELETE_QUERY, { body: DELETE_OPTIONS, answer: STATUS }) } : {}),
  };
}

function nounOf({ namespaced, kind }: ResourceDefinition): string {
  return `${namespaced ? "Namespaced" : ""}${kind}`;
}

function connectOperations(target: Target, verbs: string[]): Json {
  return {
    ...(verbs.includes("get") ? { get: operation(target, "connect", [], {}) } : {}),
    ...(verbs.includes("create") ? { post: operation(target, "connect", [], {}) } : {}),
  };
}

/** A query parameter: its name, type and meaning. */
type Parameter = [name: string, type: "boolean" | "integer" | "string", description: string];

const DRY_RUN: Parameter = ["dryRun", "string", "When present, indicates that modifications should not be persisted. Valid values are: All"];
const WRITE_QUERY: Parameter[] = [
  DRY_RUN,
  ["fieldManager", "string", "fieldManager is a name associated with the actor or entity that is making these changes."],
  ["fieldValidation", "string", "fieldValidation instructs the server on how to handle objects in the request containing unknown or duplicate fields. Valid values are: Ignore, Warn, Strict"],
];
const FORCE: Parameter = ["force", "boolean", "Force is going to \"force\" Apply requests. It means user will re-acquire conflicting fields owned by other people."];
const DELETE_QUERY: Parameter[] = [
  DRY_RUN,
  ["gracePeriodSeconds", "integer", "The duration in seconds before the object should be deleted. The value zero indicates delete immediately."],
  ["propagationPolicy", "string", "Whether and how garbage collection will be performed. Valid values are: Orphan, Background, Foreground"],
];
const LIST_QUERY: Parameter[] = [
  ["allowWatchBookmarks", "boolean", "allowWatchBookmarks requests watch events with type \"BOOKMARK\"."],
  ["continue", "string", "The continue option should be set when retrieving more results from the server."],
  ["fieldSelector", "string", "A selector to restrict the list of returned objects by their fields. Defaults to everything."],
  ["labelSelector", "string", "A selector to restrict the list of returned objects by their labels. Defaults to everything."],
  ["limit", "integer", "limit is a maximum number of responses to return for a list call."],
  ["resourceVersion", "string", "resourceVersion sets a constraint on what resource versions a request may be served from."],
  ["timeoutSeconds", "integer", "Timeout for the list/watch call."],
  ["watch", "boolean", "Watch for changes to the described resources and return them as a stream of add, update, and remove notifications."],
];

function parameter([name, type, description]: Parameter, where: "path" | "query", { version }: Dialect): Json {
  return {
    name,
    in: where,
    description,
    ...(where === "path" ? { required: true } : {}),
    ...(version === 3 ? { schema: { type, uniqueItems: true } } : { type, uniqueItems: true }),
  };
}

function pathParameters({ definition, dialect }: Target, named: boolean): Json {
  const parameters: Json[] = [];
  if (named) parameters.push(parameter(["name", "string", `name of the ${definition.kind}`], "path", dialect));
  if (definition.namespaced) parameters.push(parameter(["namespace", "string", "object name and auth scope, such as for teams and projects"], "path", dialect));
  return parameters.length > 0 ? { parameters } : {};
}

const ACTIONS: Record<string, string> = { create: "post", update: "put" };
const ID_VERBS: Record<string, string> = { get: "read", update: "replace", deletecollection: "deleteCollection" };

/** What the request carries (`patch`: any form of patch) and what a success answers with. */
interface Payload {
  body?: string | undefined;
  answer?: string | undefined;
}

function operation(target: Target, verb: string, query: Parameter[], { body, answer }: Payload): Json {
  const { definition, dialect, group, version, kind, noun } = target;
  const owner = idPart(definition.group, definition.version);
  const parameters = query.map((entry) => parameter(entry, "query", dialect));
  return {
    operationId: `${ID_VERBS[verb] ?? verb}${owner}${noun}`,
    description: `${verb} ${kind}`,
    tags: [owner[0]!.toLowerCase() + owner.slice(1)],
    ...requestParts(parameters, body, target),
    responses: { 200: response(answer, dialect), 401: { description: "Unauthorized" } },
    "x-kubernetes-action": ACTIONS[verb] ?? verb,
    "x-kubernetes-group-version-kind": { group, version, kind },
  };
}

/** `CoreV1`, `AppsV1`, `StorageV1`: the group's first part and the version, capitalized. */
function idPart(group: string, version: string): string {
  const name = group === "" ? "core" : group.slice(0, (group + ".").indexOf("."));
  return [name, version].map((part) => part[0]!.toUpperCase() + part.slice(1)).join("");
}

function requestParts(parameters: Json[], body: string | undefined, { definition, dialect }: Target): Json {
  if (!body) return parameters.length > 0 ? { parameters } : {};
  // Custom resources have no merge keys.
  const patchTypes = definition.schema ? PATCH_TYPES.filter((type) => type !== STRATEGIC) : PATCH_TYPES;
  const types = body === "patch" ? patchTypes : BODY_TYPES;
  const schema = body === "patch" ? { type: "object", description: "The patch." } : reference(body, dialect);
  if (dialect.version === 2) return { consumes: types, parameters: [...parameters, { name: "body", in: "body", schema }] };
  return { parameters, requestBody: { content: Object.fromEntries(types.map((type) => [type, { schema }])) } };
}

function response(model: string | undefined, dialect: Dialect): Json {
  if (!model) return { description: "OK" };
  const schema = reference(model, dialect);
  if (dialect.version === 2) return { description: "OK", schema };
  return { description: "OK", content: Object.fromEntries(BODY_TYPES.map((type) => [type, { schema }])) };
}
