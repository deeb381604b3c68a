/**
 * The verbs of the API on resources: from a request to the registry and back.
 * @see https://github.com/kubernetes/apiserver/tree/master/pkg/endpoints/handlers
 */
import type { HttpRequest, HttpResponse } from "#lib/http.ts";
import { errorMessage } from "#lib/log.ts";
import { badRequest, invalid } from "#api/errors.ts";
import type { DeleteOptions } from "#api/types.ts";
import { bodyAsText, checkObject, decodeObject, decodeOptions, fieldValidationOf, mediaType, type Checks } from "./decode.ts";
import type { ApplyRequest } from "./fieldmanager/field-manager.ts";
import { isMap } from "./fieldmanager/typed.ts";
import { APPLY_PATCH } from "./patch/patch.ts";
import { readPatch as patchRequest } from "./patch/patch-request.ts";
import { applyObject } from "./registry/apply.ts";
import { respondWithList } from "./encode-list.ts";
import { encodingOf } from "./encode.ts";
import { answerEntry } from "./read-handlers.ts";
import type { WriteRequest } from "./registry/context.ts";
import { deletePage } from "./registry/delete-collection.ts";
import { deleteObject } from "./registry/delete.ts";
import { listOptionsOf } from "./registry/list-options.ts";
import { listPage } from "./registry/list.ts";
import { objectOf, type Registry, type Stored } from "./registry/registry.ts";
import { selectorOf } from "./registry/selector.ts";
import { isTrue, type ResourceRequest } from "./request-info.ts";
import { json } from "./response.ts";
import type { User } from "./user.ts";
import { writeOptionsOf } from "./write-options.ts";

/** One request about a resource, with all that its handler needs. */
export interface Call {
  http: HttpRequest;
  target: ResourceRequest;
  query: URLSearchParams;
  user: User;
  registry: Registry;
  /** Collects warnings for the client. */
  warn: (text: string) => void;
  /** Notes something for the audit log. */
  annotate?: ((key: string, value: string) => void) | undefined;
  /** Throws Forbidden when the user may not do that to the target, too. */
  authorize?: ((verb: string) => void) | undefined;
}

/** Throws Invalid where the options are. */
export function writeRequest(call: Call, isApply = false): WriteRequest {
  const { target, user, warn, annotate } = call;
  const { dryRun, fieldManager, sent } = writeOptionsOf(call, isApply);
  return { user, namespace: target.namespace, dryRun, warn, fieldManager, annotate, options: sent };
}

function isDryRun(values: string[]): boolean {
  const unknown = values.find((value) => value !== "All" && value !== "");
  if (unknown !== undefined) {
    throw invalid({ group: "meta.k8s.io", resource: "DeleteOptions" }, [
      { field: "dryRun", type: "NotSupported", message: `Unsupported value: []string{${JSON.stringify(unknown)}}: supported values: "All"` },
    ]);
  }
  return values.includes("All");
}

export function checksOf(call: Call): Checks {
  const { registry, query, warn } = call;
  return { definition: registry.definition, validation: fieldValidationOf(query), warn };
}

export { answerEntry, handleGet, handleList, handleWatch } from "./read-handlers.ts";

export async function handleCreate(call: Call): Promise<HttpResponse> {
  const { registry, http } = call;
  const request = writeRequest(call);
  const object = await decodeObject(http, checksOf(call));
  return answerEntry(call, 201, await registry.create(request, object));
}

/** PUT on an object or its status. */
export async function handleUpdate(call: Call): Promise<HttpResponse> {
  const { registry, target, http } = call;
  const request = writeRequest(call);
  const object = await decodeObject(http, checksOf(call));
  if (!object.metadata.name) throw badRequest(`the name of the object (${target.name} based on URL) was undeterminable: name must be provided`);
  let sent: Stored | undefined = object;
  const change = async (): Promise<Stored> => {
    const next = sent ?? (await decodeObject(http, { ...checksOf(call), validation: "Ignore" }));
    sent = undefined; // the attempt changes it
    return next;
  };
  const { subresource } = target;
  return answerEntry(call, 200, await registry.update(request, target.name, change, { subresource, isBlind: true }));
}

/** PATCH on an object or its status. */
export async function handlePatch(call: Call): Promise<HttpResponse> {
  const { registry, target } = call;
  if (mediaType(call.http) === APPLY_PATCH) return handleApply(call);
  const request = writeRequest(call);
  return answerEntry(call, 200, await registry.update(request, target.name, readPatch(call), target));
}

/** Server-side apply of an object or its status. */
async function handleApply(call: Call): Promise<HttpResponse> {
  const { registry, target } = call;
  const request = writeRequest(call, true);
  const config = await readConfiguration(call);
  const checks: Checks = { ...checksOf(call), validation: "Ignore" };
  const { entry, created } = await applyObject(registry, request, target.name, config, {
    ...applyRequestOf(call),
    subresource: target.subresource,
    decode: (object) => checkObject(object, [], checks),
    checkCreate: () => call.authorize?.("create"),
  });
  return answerEntry(call, created ? 201 : 200, entry);
}

export function applyRequestOf(call: Call): ApplyRequest {
  const { fieldManager, force } = writeOptionsOf(call, true);
  return { manager: fieldManager, force };
}

/** The configuration that is to be applied: YAML, and thereby JSON. Throws BadRequest. */
export async function readConfiguration({ http, query, warn }: Call): Promise<Record<string, unknown>> {
  const { value, duplicates } = await parseConfiguration(bodyAsText(http));
  if (value !== null && value !== undefined && !isMap(value)) {
    const type = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    throw badRequest(`error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`);
  }
  const validation = fieldValidationOf(query);
  if (duplicates.length > 0 && validation === "Strict") throw badRequest(`error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors: ${duplicates.join(", ")}`);
  if (validation === "Warn") duplicates.forEach(warn);
  return value ?? {};
}

async function parseConfiguration(text: string): Promise<{ value: unknown; duplicates: string[] }> {
  const { parseYaml } = await import("./yaml.ts");
  try {
    return parseYaml(text);
  } catch (error) {
    throw badRequest(`error encoding patch: ${errorMessage(error)}`);
  }
}

/** The patch of a request's body, ready to be applied to an object of `checks.definition`. */
export function readPatch(call: Call, checks = checksOf(call)): (current: object) => Stored {
  return patchRequest(call, checks);
}

export async function handleDelete(call: Call): Promise<HttpResponse> {
  const { registry, target } = call;
  const options = await deleteOptionsOf(call);
  const { entry, gone } = await deleteObject(registry, withDryRun(call, options), target.name, options);
  if (!gone || registry.strategy.returnsDeleted) return answerEntry(call, 200, entry);
  const { group, plural } = registry.definition;
  const { name, uid } = objectOf(entry).metadata;
  const details = { name, ...(group ? { group } : {}), kind: plural, uid };
  return json(200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details });
}

/** Deletes what a list with the same selectors shows, and answers with that list. */
export async function handleDeleteCollection(call: Call): Promise<HttpResponse> {
  const { registry, target, query, http } = call;
  const options = await deleteOptionsOf(call);
  const encoding = encodingOf(http, query, registry.context.clock.now());
  const page = await listPage(registry, target.namespace, selectorOf(registry.definition, query), listOptionsOf(query, false));
  await deletePage(registry, page, withDryRun(call, options), options);
  return respondWithList(registry, page, encoding);
}

/** Options of a delete come in the body, or in the query. */
async function deleteOptionsOf({ http, query }: Call): Promise<DeleteOptions> {
  const options: DeleteOptions = await decodeOptions<DeleteOptions>(http, "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
  const grace = numberOf(query, "gracePeriodSeconds");
  if (grace !== undefined) options.gracePeriodSeconds ??= grace;
  const policy = query.get("propagationPolicy");
  if (policy) options.propagationPolicy ??= policy;
  const orphan = query.get("orphanDependents");
  if (orphan !== null) options.orphanDependents ??= isTrue(orphan);
  return options;
}

function withDryRun(call: Call, options: DeleteOptions): WriteRequest {
  const request = writeRequest(call);
  return { ...request, dryRun: request.dryRun || isDryRun(options.dryRun ?? []) };
}

export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^-?\d+$/.test(text)) throw badRequest(`unable to parse ${name}: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
