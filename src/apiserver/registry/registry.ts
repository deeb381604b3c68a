/**
 * Reads and writes the objects of one resource: the same machinery for every kind. Lists and watches
 * are in `list.ts` and `watch.ts`, deletion in `delete.ts`.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/registry/generic/registry/store.go
 */
import { toTime } from "#lib/clock.ts";
import { sameJson } from "#lib/json.ts";
import { randomSuffix, uuid } from "#lib/random.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  modified,
  notFound,
  StatusError,
  type FieldError,
  type Subject,
} from "#api/errors.ts";
import { validateObjectMeta } from "#api/definitions/object-meta-validation.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject } from "#api/types.ts";
import { KeyExistsError, RevisionMismatchError, type Entry } from "#store/index.ts";
import type { Attributes } from "../admission/admission.ts";
import { endpointOf } from "../fieldmanager/endpoint.ts";
import { trackUpdate, type Endpoint } from "../fieldmanager/field-manager.ts";
import { checkManagedFields, sameButWhenManaged } from "../fieldmanager/managed-fields.ts";
import type { RegistryContext, WriteRequest } from "./context.ts";
import { keepServerMetadata, validateObjectMetaUpdate } from "./object-meta.ts";
import type { Strategy } from "./strategy.ts";

/** Longest base of a generated name: 63 less the suffix. */
const MAX_GENERATED_BASE = 58;
const GENERATE_NAME_ATTEMPTS = 8;
const OWNED_BY_SERVER = ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion"] as const;
/** How often a write without a resourceVersion is tried again when others write the same object. */
const UPDATE_ATTEMPTS = 100;

/** An object under its stored form, typed loosely: the machinery only touches what all kinds share. */
export type Stored = KubeObject & { spec?: unknown; status?: unknown };

export interface UpdateOptions {
  /** Empty for the object itself; `status` changes the status alone; other names are for admission only. */
  subresource?: string;
  /** The change is part of a request that has been admitted already: a Binding, a Scale. */
  admitted?: boolean;
  /** The change says itself who owns what: an apply, a Scale, a Binding. */
  ownsFields?: boolean;
  /** The change replaces the object, whatever the current state; it is given nothing. */
  isBlind?: boolean;
}

export class Registry {
  readonly definition: ResourceDefinition;
  readonly strategy: Strategy;
  readonly context: RegistryContext;
  readonly #views = new WeakMap<Entry, Entry>();
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #versionOf: (apiVersion: string) => ResourceDefinition | undefined;
  #successor: Registry | undefined;
  /** Shared with the successors. */
  #onRetired = new Set<() => void>();

  /** `versionOf` finds the definition of another version of the kind. */
  constructor(definition: ResourceDefinition, strategy: Strategy, context: RegistryContext, versionOf: (apiVersion: string) => ResourceDefinition | undefined) {
    this.definition = definition;
    this.strategy = strategy;
    this.context = context;
    this.#versionOf = versionOf;
  }

  /** The registry of the kind as it is defined by now: what lasts, like a watch, asks for it again and again. */
  get current(): Registry {
    if (!this.#successor) return this;
    // Those in between are forgotten.
    this.#successor = this.#successor.current;
    return this.#successor;
  }

  /** The kind is defined anew. */
  replaceBy(successor: Registry): void {
    this.#successor = successor;
    successor.#onRetired = this.#onRetired;
  }

  /** The kind isn't served any more. */
  retire(): void {
    for (const retired of this.#onRetired) retired();
    this.#onRetired.clear();
  }

  /** Calls `retired` when the kind isn't served any more; returns a function that ends it. */
  onRetired(retired: () => void): () => void {
    this.#onRetired.add(retired);
    return () => this.#onRetired.delete(retired);
  }

  /** How fields are owned by who writes the objects, or a subresource of theirs. */
  endpoint(subresource: string): Endpoint {
    let endpoint = this.#endpoints.get(subresource);
    if (!endpoint) {
      endpoint = endpointOf(this.definition, this.strategy, subresource, this.#versionOf);
      this.#endpoints.set(subresource, endpoint);
    }
    return endpoint;
  }

  /** The time, as objects hold it. */
  now(): string {
    return toTime(this.context.clock.now());
  }

  /** Keys are `pods/shop/web-1`, `deployments.apps/shop/web`, `nodes/tidepool-worker`. */
  prefix(namespace = ""): string {
    const { plural, group } = this.definition.stored ?? this.definition;
    return `${plural}${group === "" ? "" : `.${group}`}/${namespace === "" ? "" : `${namespace}/`}`;
  }

  key(namespace: string, name: string): string {
    return this.prefix(this.definition.namespaced ? namespace : "") + name;
  }

  subject(name?: string): Subject {
    return { group: this.definition.group, resource: this.definition.plural, name };
  }

  find(namespace: string, name: string): Entry | undefined {
    const entry = this.context.store.get(this.key(namespace, name));
    return entry && this.view(entry);
  }

  /** A stored entry as this version shows it: the entry itself where this version is the stored one. */
  view(entry: Entry): Entry {
    const { stored } = this.definition;
    if (!stored) return entry;
    let view = this.#views.get(entry);
    if (!view) {
      const object = stored.fromStored(stored.upgrade?.(objectOf(entry)) ?? objectOf(entry));
      view = object === entry.object ? entry : { key: entry.key, revision: entry.revision, object, json: JSON.stringify(object) };
      this.#views.set(entry, view);
    }
    return view;
  }

  /** An object of this version as it is stored. May change its argument. */
  toStored(object: Stored): Stored {
    const { stored } = this.definition;
    return stored ? stored.toStored(object) : object;
  }

  /** Throws NotFound. */
  get(namespace: string, name: string): Entry {
    const entry = this.find(namespace, name);
    if (!entry) throw notFound(this.subject(name));
    return entry;
  }

  /** With `ownsFields`, the object says itself who owns what. */
  async create(request: WriteRequest, sent: Stored, { ownsFields = false }: Pick<UpdateOptions, "ownsFields"> = {}): Promise<Entry> {
    const { rng, admission } = this.context;
    const { definition } = this;
    this.#checkNamespace(request, sent);
    if (definition.terminating) throw forbidden(this.subject(sent.metadata.name), "create not allowed while custom resource definition is terminating");
    if (sent.metadata.resourceVersion) throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
    if (definition.namespaced) sent.metadata.namespace = request.namespace;
    for (const field of OWNED_BY_SERVER) delete sent.metadata[field];
    definition.setDefaults?.(sent);
    if (!ownsFields) trackUpdate(this.endpoint(""), undefined, sent, request.fieldManager ?? "", this.now());
    const { managedFields } = sent.metadata;
    const attributes = this.#attributes(request, { operation: "CREATE", subresource: "", name: sent.metadata.name ?? "", object: sent });
    await admission.admit(attributes);
    const object = attributes.object!;
    checkManagedFields(object, managedFields, request.warn);
    const { metadata } = object;
    for (const field of OWNED_BY_SERVER) delete metadata[field];
    metadata.uid = uuid(rng);
    metadata.creationTimestamp = this.now();
    if (definition.generation) metadata.generation = 1;
    else delete metadata.generation;
    const generated = !metadata.name && !!metadata.generateName;
    for (let attempt = 1; ; attempt++) {
      if (generated) metadata.name = metadata.generateName!.slice(0, MAX_GENERATED_BASE) + randomSuffix(rng);
      const candidate = generated ? structuredClone(object) : object;
      const entry = await this.#createOnce(request, { ...attributes, name: metadata.name ?? "", object: candidate, alongside: [] }, candidate);
      if (entry) return entry;
      if (!generated) throw alreadyExists(this.subject(metadata.name));
      if (attempt === GENERATE_NAME_ATTEMPTS) {
        throw new StatusError(409, "AlreadyExists", `${definition.plural} "${metadata.name}" already exists, the server was not able to generate a unique name for the object`, {
          name: metadata.name!,
          kind: definition.plural,
          retryAfterSeconds: 1,
        });
      }
    }
  }

  /** Undefined when the name is taken. */
  async #createOnce(request: WriteRequest, attributes: Attributes, object: Stored): Promise<Entry | undefined> {
    const { store, admission } = this.context;
    const { definition } = this;
    definition.setDefaults?.(object);
    definition.prepareForCreate?.(object);
    this.strategy.prepareForCreate?.(object, request);
    this.strategy.checkWrite?.(object, undefined, request);
    const release = this.strategy.reserve?.(object, undefined, request);
    let stored = false;
    try {
      let errors = definition.validate?.(object, undefined, request.warn) ?? [];
      if (errors.length === 0) errors = validateObjectMeta(object.metadata, definition.namespaced);
      this.#throwInvalid(object, errors);
      for (const warning of definition.warnings?.(object) ?? []) request.warn(warning);
      await admission.validate(attributes);
      const key = this.key(request.namespace, object.metadata.name!);
      if (request.dryRun) {
        this.#tryAlongside(attributes);
        return store.get(key) ? undefined : draft(key, object);
      }
      const entry = await store.create(key, this.toStored(object), attributes.alongside);
      stored = true;
      return this.view(entry);
    } catch (error) {
      if (error instanceof KeyExistsError) return undefined;
      throw error;
    } finally {
      if (!stored) release?.();
    }
  }

  #attributes(request: WriteRequest, about: Pick<Attributes, "operation" | "subresource" | "name" | "object"> & { oldObject?: Stored }): Attributes {
    return { ...request, definition: this.definition, oldObject: undefined, alongside: [], ...about };
  }

  /** A dry run stores nothing, but what would refuse the write at its commit refuses it, too. */
  #tryAlongside({ alongside }: Attributes): void {
    for (const decide of alongside) decide((key) => this.context.store.get(key));
  }

  /**
   * Changes one object. `change` gets a copy of the current state, may change or replace it, and is called
   * again when someone else wrote in between, unless the result names a resourceVersion of its own.
   */
  async update(
    request: WriteRequest,
    name: string,
    change: (current: Stored) => Stored | Promise<Stored>,
    options: UpdateOptions = {},
  ): Promise<Entry> {
    for (let attempt = 1; ; attempt++) {
      const entry = this.get(request.namespace, name);
      const next = await change((options.isBlind ? {} : JSON.parse(entry.json)) as Stored);
      const { uid, resourceVersion } = next.metadata ?? {};
      // What replaces an object says by its uid which one it means. Whoever changes one can't change that: validation says so.
      if (options.isBlind && uid && uid !== (entry.object as Stored).metadata.uid) {
        throw conflict(this.subject(name), `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${(entry.object as Stored).metadata.uid}`);
      }
      if (resourceVersion && resourceVersion !== String(entry.revision)) throw modified(this.subject(name));
      try {
        return await this.#replace(request, entry, next, options);
      } catch (error) {
        if (!(error instanceof RevisionMismatchError)) throw error;
        if (attempt === UPDATE_ATTEMPTS) throw modified(this.subject(name));
      }
    }
  }

  /** Validates and stores the successor of `entry`; throws a RevisionMismatchError when it isn't current any more. */
  async #replace(request: WriteRequest, entry: Entry, next: Stored, { subresource = "", admitted, ownsFields }: UpdateOptions): Promise<Entry> {
    const { store, admission } = this.context;
    const { definition } = this;
    const old = entry.object as Stored;
    this.#checkNamespace(request, next);
    if (definition.namespaced) next.metadata.namespace = request.namespace;
    next.metadata.name ??= old.metadata.name!;
    if (next.metadata.name !== old.metadata.name) {
      throw badRequest(`the name of the object (${next.metadata.name}) does not match the name on the URL (${old.metadata.name})`);
    }
    next = this.#limitedTo(subresource, old, next);
    keepServerMetadata(next, old);
    next.metadata.resourceVersion = String(entry.revision);
    definition.setDefaults?.(next);
    if (!ownsFields) trackUpdate(this.endpoint(subresource), old, next, request.fieldManager ?? "", this.now());
    const { managedFields } = next.metadata;
    const attributes = this.#attributes(request, { operation: "UPDATE", subresource, name: old.metadata.name, object: next, oldObject: old });
    if (!admitted) {
      await admission.admit(attributes);
      next = attributes.object!;
      checkManagedFields(next, managedFields, request.warn);
      next = attributes.object = this.#limitedTo(subresource, old, next);
    }
    if (subresource === "") this.#prepareForUpdate(next, old);
    if (definition.parts?.[subresource]) this.#raiseGeneration(next, old);
    const release = subresource === "" ? this.strategy.reserve?.(next, old, request) : undefined;
    let stored = false;
    try {
      if (subresource === "status") this.strategy.prepareForStatusUpdate?.(next, old);
      if (subresource === "") this.strategy.checkWrite?.(next, old, request);
      this.#throwInvalid(next, this.#updateErrors(next, old, subresource, request.warn));
      if (subresource === "" || definition.parts?.[subresource]) {
        // What its writer was told before is not news: scaling says nothing of a security context.
        const told = new Set(definition.warnings?.(old));
        for (const warning of definition.warnings?.(next) ?? []) if (!told.has(warning)) request.warn(warning);
      }
      if (!admitted) await admission.validate(attributes);
      // As upstream, a write that changes nothing is none: controllers may write what they want to be true.
      if (sameButWhenManaged(next, old) && !this.#isOutdated(entry)) return entry;
      if (request.dryRun) {
        this.#tryAlongside(attributes);
        return draft(entry.key, next);
      }
      const written = this.#isFinished(next, old)
        ? await store.delete(entry.key, entry.revision)
        : await store.update(entry.key, this.toStored(next), entry.revision, attributes.alongside);
      stored = true;
      return this.view(written);
    } finally {
      if (!stored) release?.();
    }
  }

  /** Whether the object is stored in a version that isn't the one to be stored any more: any write moves it on. */
  #isOutdated({ key }: Entry): boolean {
    const stored = this.definition.stored && this.context.store.get(key);
    return !!stored && this.definition.stored!.toStored({ ...objectOf(stored) }).apiVersion !== objectOf(stored).apiVersion;
  }

  #prepareForUpdate(next: Stored, old: Stored): void {
    const { definition } = this;
    if (definition.subresources?.includes("status")) {
      if (old.status === undefined) delete next.status;
      else next.status = old.status;
    }
    definition.prepareForUpdate?.(next, old);
    this.#raiseGeneration(next, old);
  }

  #raiseGeneration(next: Stored, old: Stored): void {
    const { definition } = this;
    if (definition.generation && !sameJson(desired(next, definition), desired(old, definition))) next.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }

  /** What a subresource may change: its part of the old object. */
  #limitedTo(subresource: string, old: Stored, next: Stored): Stored {
    if (subresource === "status") return this.#statusOnly(old, next);
    const part = this.definition.parts?.[subresource];
    if (!part) return next;
    const changed: Stored = structuredClone(part.change(old, next));
    return { ...changed, metadata: { ...changed.metadata, managedFields: next.metadata.managedFields } };
  }

  #updateErrors(next: Stored, old: Stored, subresource: string, warn: (text: string) => void): FieldError[] {
    const { definition } = this;
    const errors = [...validateObjectMeta(next.metadata, definition.namespaced), ...validateObjectMetaUpdate(next.metadata, old.metadata)];
    if (subresource === "status") return [...errors, ...(definition.validateStatusUpdate?.(next, old, warn) ?? [])];
    // A binding changes what no client may change: the node. It has checks of its own (pods.ts).
    if (subresource === "binding") return errors;
    const part = definition.parts?.[subresource] ?? definition;
    return [...errors, ...(definition.validate?.(next, old, warn) ?? []), ...(part.validateUpdate?.(next, old) ?? [])];
  }

  /** The old object with the new status, and with the new labels and annotations where the kind allows it. */
  #statusOnly(old: Stored, next: Stored): Stored {
    const metadata = { ...old.metadata, managedFields: next.metadata.managedFields };
    if (this.strategy.statusWritesMetadata) {
      for (const field of ["labels", "annotations", "finalizers"] as const) {
        if (next.metadata[field] === undefined) delete metadata[field];
        else Object.assign(metadata, { [field]: next.metadata[field] });
      }
    }
    const { status: _, ...rest } = old;
    return next.status === undefined ? { ...rest, metadata } : { ...rest, metadata, status: next.status };
  }

  /** Whether an update lets go of the last thing that kept a deleted object. */
  #isFinished(next: Stored, old: Stored): boolean {
    const { deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
    return !!deletionTimestamp && !deletionGracePeriodSeconds && !next.metadata.finalizers?.length && !this.strategy.finalizing?.(next);
  }

  #checkNamespace(request: WriteRequest, object: Stored): void {
    const given = object.metadata.namespace;
    if (this.definition.namespaced && given && given !== request.namespace) {
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    }
  }

  #throwInvalid(object: Stored, errors: FieldError[]): void {
    if (errors.length === 0) return;
    const unique = [...new Map(errors.map((error) => [`${error.field}: ${error.message}`, error])).values()];
    throw invalid({ group: this.definition.group, resource: this.definition.kind, name: object.metadata.name }, unique);
  }
}

/** What an object asks for: all but its metadata and its status, unless that is a field like any other. */
function desired({ metadata: _metadata, status, ...rest }: Stored, { schema, subresources }: ResourceDefinition): object {
  return schema && !subresources?.includes("status") ? { ...rest, status } : rest;
}

/** A version that was not stored (dry run). */
export function draft(key: string, object: Stored): Entry {
  return { key, revision: 0, object: object, json: JSON.stringify(object) };
}

/** An entry's object, of the resource's kind. */
export function objectOf<T extends KubeObject = Stored>(entry: Entry): T {
  return entry.object as unknown as T;
}

