/**
 * Server-side apply: creates an object from a configuration, or merges the configuration into it.
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
import { badRequest, conflict, isAlreadyExists, isNotFound, notFound } from "#api/errors.ts";
import type { Entry } from "#store/index.ts";
import { applyConfiguration, type ApplyRequest } from "../fieldmanager/field-manager.ts";
import type { Json } from "../fieldmanager/typed.ts";
import type { WriteRequest } from "./context.ts";
import type { Registry, Stored } from "./registry.ts";

export interface ApplyOptions extends ApplyRequest {
  /** Empty for the object itself; others don't create. */
  subresource: string;
  /** Brings the result into the form of its kind, as if a client had sent it. */
  decode: (object: unknown) => Stored;
  /** Refuses an apply that would create an object to who may not create one, by throwing. */
  checkCreate: () => void;
}

export interface Applied {
  entry: Entry;
  created: boolean;
}

/** Throws NotFound (a subresource of nothing), Conflict, BadRequest, Invalid. `config` stays as it is. */
export async function applyObject(registry: Registry, request: WriteRequest, name: string, config: Json, options: ApplyOptions): Promise<Applied> {
  const { subresource, decode } = options;
  const endpoint = registry.endpoint(subresource);
  const apply = (live: Stored | undefined): Stored => {
    const now = registry.now();
    return decode(applyConfiguration(endpoint, live, structuredClone(config), options, now));
  };
  for (;;) {
    const exists = registry.find(request.namespace, name) !== undefined;
    if (!exists && subresource !== "") throw notFound(registry.subject(name));
    try {
      const entry = exists
        ? await registry.update(request, name, apply, { subresource, ownsFields: true })
        : await create(registry, request, name, apply(undefined), options);
      return { entry, created: !exists };
    } catch (error) {
      // Someone else was faster with a delete or a create: then it is the other case.
      const isOther = exists ? isNotFound(error) : isAlreadyExists(error);
      if (!isOther || (registry.find(request.namespace, name) !== undefined) === exists) throw error;
    }
  }
}

function create(registry: Registry, request: WriteRequest, name: string, object: Stored, { checkCreate }: ApplyOptions): Promise<Entry> {
  const { metadata } = object;
  if (metadata.uid) {
    throw conflict(registry.subject(name), `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`);
  }
  if (!metadata.name) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== name) throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  checkCreate();
  delete metadata.resourceVersion;
  return registry.create(request, object, { ownsFields: true });
}
