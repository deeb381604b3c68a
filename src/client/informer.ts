/**
 * A local copy of a resource, kept current by list and watch. Reads are local and may lag; whoever
 * acts on one must survive a conflict.
 * @see https://github.com/kubernetes/client-go/blob/master/tools/cache/reflector.go
 */
import { sleep, type Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import { isExpired, isNotFound } from "#api/errors.ts";
import { keyOf, type Resource } from "#api/resources.ts";
import type { KubeObject } from "#api/types.ts";
import type { Client } from "./client.ts";

/** A watch shorter than this that the server ended counts as a failure for the back-off. */
const SHORT_WATCH_MS = 1000;

const NAMESPACE_INDEX = "namespace";

export interface Handler<T> {
  /** An object appeared (`old` undefined), changed, or was seen again after a new list. */
  set(object: T, old: T | undefined): void;
  /** An object is gone; `object` is its last known state. */
  delete(object: T): void;
}

export class Informer<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #selector: { namespace?: string | undefined; fieldSelector?: string | undefined; labelSelector?: string | undefined };
  readonly #items = new Map<string, T>();
  readonly #handlers = new Set<Handler<T>>();
  readonly #stop = new AbortController();
  readonly #byIndex = new Map<string, { keysOf: (object: T) => string[]; sets: Map<string, Map<string, T>> }>();
  #synced = false;
  #isLastWatch = false;
  readonly #onSynced: (() => void)[] = [];
  #run: Promise<void> | undefined;
  #resourceVersion: string | undefined;

  constructor(
    client: Client,
    resource: Resource<T>,
    options: { clock: Clock; log: Logger; namespace?: string; fieldSelector?: string; labelSelector?: string },
  ) {
    this.resource = resource;
    this.#client = client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#selector = { namespace: options.namespace, fieldSelector: options.fieldSelector, labelSelector: options.labelSelector };
    this.index(NAMESPACE_INDEX, (object) => [object.metadata.namespace ?? ""]);
  }

  /** Begins to list and watch; calling it again does nothing. */
  start(): void {
    this.#run ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("informer stopped"));
    await this.#run;
  }

  /** Ends when the server ends the watch, which it does once it has told of all that happened to a kind it serves no more. */
  async finish(): Promise<void> {
    this.#isLastWatch = true;
    await this.#run;
  }

  /** Resolves once the first list is in. */
  whenSynced(): Promise<void> {
    return this.#synced ? Promise.resolve() : new Promise((resolve) => this.#onSynced.push(resolve));
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** The local copy holds every change up to this version; undefined before the first list and between an expiry and the next list. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion;
  }

  /** Calls the handler for every known object now and for every change later; returns a function that ends it. */
  subscribe(handler: Handler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#items.values()) handler.set(object, undefined);
    return () => this.#handlers.delete(handler);
  }

  /** Calls `changed` whenever the object under `key` appears, changes or goes; returns a function that ends it. */
  onChange(key: string, changed: () => void): () => void {
    const handler: Handler<T> = {
      set: (object) => void (keyOf(object) === key && changed()),
      delete: (object) => void (keyOf(object) === key && changed()),
    };
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** By key (`namespace/name`). The object is shared: copy it before changing it. */
  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  list(namespace?: string): T[] {
    return namespace === undefined ? [...this.#items.values()] : this.byIndex(NAMESPACE_INDEX, namespace);
  }

  /** Declares an index: objects are found by any of the keys that `keysOf` gives them. Idempotent by name. */
  index(name: string, keysOf: (object: T) => string[]): void {
    if (this.#byIndex.has(name)) return;
    this.#byIndex.set(name, { keysOf, sets: new Map() });
    for (const [key, object] of this.#items) this.#indexOne(this.#byIndex.get(name)!, key, object, undefined);
  }

  /** The objects under one key of a declared index. */
  byIndex(name: string, value: string): T[] {
    const index = this.#byIndex.get(name);
    if (!index) throw new Error(`informer of ${this.resource.plural} has no index ${name}`);
    return [...(index.sets.get(value)?.values() ?? [])];
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted && !this.#isLastWatch) {
      const startedMs = this.#clock.now();
      try {
        if (this.#resourceVersion === undefined) await this.#list();
        for await (const event of this.#client.watch(
          this.resource,
          { ...this.#selector, resourceVersion: this.#resourceVersion, allowBookmarks: true },
          signal,
        )) {
          if (event.type === "DELETED") this.#remove(keyOf(event.object));
          else if (event.type !== "BOOKMARK") this.#put(event.object);
          this.#resourceVersion = event.object.metadata.resourceVersion!;
          failures = 0;
        }
        // A watch that ends by itself is normal; one that ends at once, again and again, must not become a busy loop.
        failures = this.#clock.now() - startedMs < SHORT_WATCH_MS ? failures + 1 : 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        if (isExpired(error)) this.#resourceVersion = undefined;
        // Who follows what is served lets go of the informer soon.
        else if (isNotFound(error)) this.#log.info(`${this.resource.plural} are not served now; will ask again`);
        else this.#log.warn(`watch of ${this.resource.plural} failed; will retry`, { error: errorMessage(error) });
      }
      // The first retry is immediate: a watch that expired or broke once is replaced without a gap.
      if (failures > 1) await sleep(this.#clock, Math.min(100 * 2 ** (failures - 2), 10_000), signal).catch(() => undefined);
    }
  }

  /** Reads everything, in pages of one snapshot, and tells the handlers of the differences. */
  async #list(): Promise<void> {
    const seen = new Set<string>();
    let page = await this.#client.list(this.resource, { ...this.#selector, limit: 500 });
    for (;;) {
      for (const object of page.items) {
        seen.add(keyOf(object));
        this.#put(object);
      }
      if (!page.metadata.continue) break;
      page = await this.#client.list(this.resource, { ...this.#selector, limit: 500, continue: page.metadata.continue });
    }
    for (const key of this.#items.keys()) if (!seen.has(key)) this.#remove(key);
    this.#resourceVersion = page.metadata.resourceVersion!;
    if (!this.#synced) {
      this.#synced = true;
      for (const resolve of this.#onSynced.splice(0)) resolve();
    }
  }

  #put(object: T): void {
    const key = keyOf(object);
    const old = this.#items.get(key);
    if (old && old.metadata.uid !== object.metadata.uid) {
      // Deleted and created again while we weren't watching: two events, as if we had been.
      this.#remove(key);
      return this.#put(object);
    }
    if (old && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    // They are half of an object, and no controller reads them. An update without them leaves them as they are.
    delete object.metadata.managedFields;
    this.#items.set(key, object);
    for (const index of this.#byIndex.values()) this.#indexOne(index, key, object, old);
    this.#tell((handler) => handler.set(object, old));
  }

  #remove(key: string): void {
    const old = this.#items.get(key);
    if (!old) return;
    this.#items.delete(key);
    for (const index of this.#byIndex.values()) this.#indexOne(index, key, undefined, old);
    this.#tell((handler) => handler.delete(old));
  }

  /** One handler's mistake must not cost another its event, nor break the watch. */
  #tell(call: (handler: Handler<T>) => void): void {
    for (const handler of this.#handlers) {
      try {
        call(handler);
      } catch (error) {
        this.#log.error(`a handler of ${this.resource.plural} threw`, { error: errorMessage(error) });
      }
    }
  }

  #indexOne(
    { keysOf, sets }: { keysOf: (object: T) => string[]; sets: Map<string, Map<string, T>> },
    key: string,
    object: T | undefined,
    old: T | undefined,
  ): void {
    for (const value of old ? keysOf(old) : []) {
      const set = sets.get(value);
      set?.delete(key);
      if (set?.size === 0) sets.delete(value);
    }
    for (const value of object ? keysOf(object) : []) {
      let set = sets.get(value);
      if (!set) sets.set(value, (set = new Map()));
      set.set(key, object!);
    }
  }
}

/** One informer per resource, shared by all who read it. */
export class Informers {
  readonly #client: Client;
  readonly #options: { clock: Clock; log: Logger };
  readonly #informers = new Map<string, Informer<KubeObject>>();
  readonly #releasing = new Set<Informer<KubeObject>>();

  constructor(client: Client, options: { clock: Clock; log: Logger }) {
    this.#client = client;
    this.#options = options;
  }

  /** The shared informer; started at once. */
  for<T extends KubeObject>(resource: Resource<T>): Informer<T> {
    const name = nameOf(resource);
    let informer = this.#informers.get(name) as Informer<T> | undefined;
    if (!informer) {
      informer = new Informer(this.#client, resource, this.#options);
      this.#informers.set(name, informer as unknown as Informer<KubeObject>);
      informer.start();
    }
    return informer;
  }

  /**
   * Lets go of an informer, for all who read it. Of a kind that is `gone` from the server, it first tells of all that
   * happened before.
   */
  async release(resource: Resource, gone: boolean): Promise<void> {
    const name = nameOf(resource);
    const informer = this.#informers.get(name);
    this.#informers.delete(name);
    if (!informer) return;
    this.#releasing.add(informer);
    await (gone ? informer.finish() : informer.stop());
    this.#releasing.delete(informer);
  }

  async whenSynced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.whenSynced()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#informers.values(), ...this.#releasing].map((informer) => informer.stop()));
  }
}

function nameOf({ group, version, plural }: Resource): string {
  return `${group}/${version}/${plural}`;
}
