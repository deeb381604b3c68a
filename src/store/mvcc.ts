/**
 * The store over any driver. Current versions and a bounded history live in memory; the driver makes
 * writes durable. Writes of one turn of the event loop are committed together (group commit), so that
 * many writers share one sync of the disk.
 */
import type { Driver, LogRecord } from "./driver.ts";
import { StoredEntry, type StoredChange } from "./entry.ts";
import { asBefore, History } from "./history.ts";
import { Table } from "./table.ts";
import {
  CompactedError,
  KeyExistsError,
  RevisionMismatchError,
  StoreClosedError,
  type Alongside,
  type Change,
  type ChangeListener,
  type Entry,
  type ListOptions,
  type Listing,
  type Scan,
  type SideWrite,
  type SnapshotView,
  type Storable,
  type Store,
} from "./store.ts";

export interface StoreOptions {
  driver: Driver;
  /** How many past revisions can be replayed; up to a tenth more are kept before the rest is forgotten. */
  historyRevisions?: number | undefined;
  /** Changes what is written down: encryption at rest. */
  transformer?: ValueTransformer | undefined;
}

/** What a record's JSON becomes where it is kept, by its key. The store itself, and all who read it, see plain objects. */
export interface ValueTransformer {
  toStorage(key: string, json: string): string;
  /** The inverse; throws on what it can't read. */
  fromStorage(key: string, stored: string): string;
}

const PLAIN: ValueTransformer = { toStorage: (_key, json) => json, fromStorage: (_key, stored) => stored };

interface Write {
  type: "put" | "delete";
  key: string;
  object: Storable | undefined;
  /** The revision to replace; 0 when the key must be new. */
  expectedRevision: number;
  alongside: readonly Alongside[];
  resolve: (entry: Entry) => void;
  reject: (error: unknown) => void;
}

interface Watcher {
  prefix: string;
  listener: ChangeListener;
}

/** Opens the store: reads what the driver has. Throws what the driver's load throws, after closing it. */
export function openStore({ driver, historyRevisions = 10_000, transformer = PLAIN }: StoreOptions): Store {
  try {
    return new MvccStore(driver, historyRevisions, transformer);
  } catch (error) {
    driver.close();
    throw error;
  }
}

class MvccStore implements Store {
  readonly #driver: Driver;
  readonly #historyRevisions: number;
  readonly #transformer: ValueTransformer;
  readonly #tables = new Map<string, Table<StoredEntry>>();
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #history: History;
  #revision = 0;
  #compactedRevision = 0;
  #queue: Write[] = [];
  /** Set while a batch is on its way to the disk; resolves when it has arrived, or failed. */
  #committing: Promise<void> | undefined;
  #closed = false;

  constructor(driver: Driver, historyRevisions: number, transformer: ValueTransformer) {
    this.#driver = driver;
    this.#historyRevisions = historyRevisions;
    this.#transformer = transformer;
    const loaded: StoredChange[] = [];
    const state = driver.load(({ key, revision, deleted, json }) => {
      loaded.push(this.#apply(deleted, new StoredEntry(key, revision, transformer.fromStorage(key, json))));
    });
    this.#revision = state.revision;
    this.#compactedRevision = state.compactedRevision;
    this.#history = new History(loaded.filter((change) => change.revision > state.compactedRevision));
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  get(key: string): Entry | undefined {
    return this.#tables.get(tableOf(key))?.get(key);
  }

  count(prefix: string): number {
    return this.#tables.get(tableOf(prefix))?.count(prefix, endOf(prefix)) ?? 0;
  }

  list(prefix: string, options?: ListOptions): Listing {
    const { entries, revision } = this.scan(prefix, options);
    return { entries: [...entries], revision };
  }

  scan(prefix: string, { revision = this.#revision, after }: ListOptions = {}): Scan {
    if (revision < this.#compactedRevision) throw new CompactedError(revision, this.#compactedRevision);
    const from = after === undefined || after < prefix ? prefix : `${after}\0`;
    const table = this.#tables.get(tableOf(prefix));
    const entries = table?.between(from, endOf(prefix)) ?? [];
    const count = table?.count(from, endOf(prefix)) ?? 0;
    if (revision >= this.#revision) return { entries, count, revision: this.#revision };
    const before = this.#history.undone(revision, prefix, from);
    let difference = 0;
    for (const [key, entry] of before) difference += (entry ? 1 : 0) - (table?.get(key) ? 1 : 0);
    return { entries: asBefore(entries, before), count: count + difference, revision };
  }

  snapshot(): SnapshotView {
    const entries = [...this.#tables.values()].flatMap((table) => [...table.between("", "\uffff")]).sort((a, b) => a.revision - b.revision);
    const transformer = this.#transformer;
    const records = {
      length: entries.length,
      *[Symbol.iterator]() {
        for (const { key, revision, json } of entries) yield { key, revision, deleted: false, json: transformer.toStorage(key, json) };
      },
    };
    return { revision: this.#revision, records };
  }

  create(key: string, object: Storable, alongside: readonly Alongside[] = []): Promise<Entry> {
    return this.#enqueue("put", key, object, 0, alongside);
  }

  update(key: string, object: Storable, expectedRevision: number, alongside: readonly Alongside[] = []): Promise<Entry> {
    return this.#enqueue("put", key, object, expectedRevision, alongside);
  }

  delete(key: string, expectedRevision: number): Promise<Entry> {
    return this.#enqueue("delete", key, undefined, expectedRevision);
  }

  watch(prefix: string, afterRevision: number, listener: ChangeListener): () => void {
    if (afterRevision < this.#compactedRevision) throw new CompactedError(afterRevision, this.#compactedRevision);
    const past = this.#history.after(afterRevision).filter(({ entry }) => entry.key.startsWith(prefix));
    const watcher: Watcher = { prefix, listener };
    const name = tableOf(prefix);
    let watchers = this.#watchers.get(name);
    if (!watchers) this.#watchers.set(name, (watchers = new Set()));
    watchers.add(watcher);
    if (past.length > 0) listener(past);
    return () => watchers.delete(watcher);
  }

  compact(revision: number): void {
    const upTo = Math.min(revision, this.#revision);
    if (upTo <= this.#compactedRevision) return;
    const forgotten: number[] = [];
    for (const { type, revision: at, previous } of this.#history.upTo(upTo)) {
      if (previous) forgotten.push(previous.revision);
      if (type === "delete") forgotten.push(at);
    }
    this.#driver.forget(forgotten, { revision: this.#revision, compactedRevision: upTo });
    this.#history.forget(upTo);
    this.#compactedRevision = upTo;
  }

  async close(): Promise<void> {
    if (this.#closed) return this.#committing;
    this.#closed = true;
    while (this.#queue.length > 0 || this.#committing) {
      this.#commit();
      await this.#committing;
    }
    this.#driver.close();
  }

  #enqueue(type: Write["type"], key: string, object: Storable | undefined, expectedRevision: number, alongside: readonly Alongside[] = []): Promise<Entry> {
    if (this.#closed) return Promise.reject(new StoreClosedError());
    return new Promise((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => this.#commit());
      this.#queue.push({ type, key, object, expectedRevision, alongside, resolve, reject });
    });
  }

  /** Commits all waiting writes in the order they came; refused ones take no revision. What comes while one batch is on its way makes the next. */
  #commit(): void {
    if (this.#committing) return;
    const writes = this.#queue;
    this.#queue = [];
    if (writes.length === 0) return;
    const records: LogRecord[] = [];
    const entries: StoredEntry[] = [];
    /** The writes that go through, each with the place of its entry. */
    const accepted: { write: Write; index: number }[] = [];
    /** Versions as this batch leaves them, before anyone may see them. */
    const pending = new Map<string, Entry | undefined>();
    const latest = (key: string): Entry | undefined => (pending.has(key) ? pending.get(key) : this.get(key));
    let revision = this.#revision;
    const record = (type: Write["type"], key: string, next: Storable): void => {
      revision++;
      const entry = new StoredEntry(key, revision, JSON.stringify(stamp(next, revision)));
      pending.set(key, type === "put" ? entry : undefined);
      records.push({ revision, key, deleted: type === "delete", json: this.#transformer.toStorage(key, entry.json) });
      entries.push(entry);
    };
    for (const write of writes) {
      const { type, key, object, expectedRevision, alongside } = write;
      const current = latest(key);
      if (type === "put" && expectedRevision === 0 && current) {
        write.reject(new KeyExistsError(key));
        continue;
      }
      if ((current?.revision ?? 0) !== expectedRevision) {
        write.reject(new RevisionMismatchError(key, expectedRevision, current));
        continue;
      }
      let sideWrites: SideWrite[];
      try {
        sideWrites = alongside.flatMap((decide) => decide(latest));
      } catch (error) {
        write.reject(error);
        continue;
      }
      for (const side of sideWrites) record("put", side.key, side.object);
      record(type, key, type === "put" ? object! : withMetadataCopied(current!.object));
      accepted.push({ write, index: entries.length - 1 });
    }
    if (records.length === 0) return;
    const succeed = (): void => {
      const changes = entries.map((entry, index) => this.#apply(records[index]!.deleted, entry));
      this.#revision = revision;
      this.#history.push(changes);
      this.#publish(changes);
      for (const { write, index } of accepted) write.resolve(entries[index]!);
      if (this.#history.length > this.#historyRevisions * 1.1) this.#tryCompact(revision - this.#historyRevisions);
    };
    // Nothing was applied: every writer learns that its write failed, and memory doesn't know of it.
    const fail = (error: unknown): void => accepted.forEach(({ write }) => write.reject(error));
    try {
      const durable = this.#driver.append(records);
      if (!durable) return succeed();
      this.#committing = durable.then(succeed, fail).finally(() => {
        this.#committing = undefined;
        this.#commit();
      });
    } catch (error) {
      fail(error);
    }
  }

  /** A full disk refuses this, too: nothing was forgotten then, and the next commit tries again. */
  #tryCompact(revision: number): void {
    try {
      this.compact(revision);
    } catch {
      // Who writes learns of the disk from the write itself.
    }
  }

  #apply(deleted: boolean, entry: StoredEntry): StoredChange {
    const { key, revision } = entry;
    const name = tableOf(key);
    let table = this.#tables.get(name);
    if (!table) this.#tables.set(name, (table = new Table()));
    const previous = table.get(key);
    if (deleted) table.delete(key);
    else table.set(entry);
    return { type: deleted ? "delete" : "put", revision, entry, previous };
  }

  #publish(changes: Change[]): void {
    const byTable = Map.groupBy(changes, ({ entry }) => tableOf(entry.key));
    for (const [name, changed] of byTable) {
      // A watch that begins while others are told has these changes from the history already.
      const watchers = [...(this.#watchers.get(name) ?? [])];
      for (const { prefix, listener } of watchers) {
        const matching = prefix.length === name.length + 1 ? changed : changed.filter(({ entry }) => entry.key.startsWith(prefix));
        if (matching.length > 0) listener(matching);
      }
    }
  }
}

function tableOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

/** Before it come all keys with this prefix. */
function endOf(prefix: string): string {
  return `${prefix}\uffff`;
}

function stamp(object: Storable, revision: number): Storable {
  object.metadata.resourceVersion = String(revision);
  return object;
}

function withMetadataCopied(object: Storable): Storable {
  return { ...object, metadata: { ...object.metadata } };
}
