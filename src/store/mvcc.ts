/**
 * The store over any driver. Current versions and a bounded history live in memory; the driver makes
 * writes durable. Writes of one turn of the event loop are committed together (group commit), so that
 * many writers share one sync of the disk.
 */
import type { Driver, LogRecord } from "./driver.ts";
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
  type SideWrite,
  type Storable,
  type Store,
} from "./store.ts";

export interface StoreOptions {
  driver: Driver;
  /** How many past revisions can be replayed; up to a tenth more are kept before the rest is forgotten. */
  historyRevisions?: number | undefined;
}

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

/** A version whose object is parsed when first needed: a restart reads text only, and nobody else holds the object. */
class StoredEntry implements Entry {
  readonly key: string;
  readonly revision: number;
  readonly json: string;
  #object: Storable | undefined;

  constructor(key: string, revision: number, json: string) {
    this.key = key;
    this.revision = revision;
    this.json = json;
  }

  get object(): Storable {
    return (this.#object ??= JSON.parse(this.json) as Storable);
  }

  /** History is kept as text: its objects are seldom looked at again. */
  forgetObject(): void {
    this.#object = undefined;
  }
}

interface StoredChange extends Change {
  readonly entry: StoredEntry;
  readonly previous: StoredEntry | undefined;
}

/** Opens the store: reads what the driver has. */
export function openStore({ driver, historyRevisions = 10_000 }: StoreOptions): Store {
  return new MvccStore(driver, historyRevisions);
}

class MvccStore implements Store {
  readonly #driver: Driver;
  readonly #historyRevisions: number;
  readonly #tables = new Map<string, Table<StoredEntry>>();
  readonly #watchers = new Map<string, Set<Watcher>>();
  /** Changes after the compacted revision, in order, one per revision. */
  #history: StoredChange[] = [];
  #revision = 0;
  #compactedRevision = 0;
  #queue: Write[] = [];
  #closed = false;

  constructor(driver: Driver, historyRevisions: number) {
    this.#driver = driver;
    this.#historyRevisions = historyRevisions;
    const loaded: StoredChange[] = [];
    const state = driver.load((record) => loaded.push(this.#apply(record, new StoredEntry(record.key, record.revision, record.json))));
    this.#revision = state.revision;
    this.#compactedRevision = state.compactedRevision;
    this.#history = loaded.filter((change) => change.revision > state.compactedRevision);
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
    return this.#tables.get(tableOf(prefix))?.keys(prefix).length ?? 0;
  }

  list(prefix: string, { revision = this.#revision, after }: ListOptions = {}): Listing {
    if (revision < this.#compactedRevision) throw new CompactedError(revision, this.#compactedRevision);
    const table = this.#tables.get(tableOf(prefix));
    const current = (table?.keys(prefix, after) ?? []).map((key) => table!.get(key)!);
    if (revision >= this.#revision) return { entries: current, revision: this.#revision };
    return { entries: this.#asOf(revision, current, prefix, after), revision };
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
    const past = this.#historyAfter(afterRevision).filter(({ entry }) => entry.key.startsWith(prefix));
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
    const kept = this.#historyAfter(upTo);
    for (const { type, revision: at, previous } of this.#history.slice(0, this.#history.length - kept.length)) {
      if (previous) forgotten.push(previous.revision);
      if (type === "delete") forgotten.push(at);
    }
    this.#driver.forget(forgotten, { revision: this.#revision, compactedRevision: upTo });
    this.#history = kept;
    this.#compactedRevision = upTo;
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#commit();
      this.#closed = true;
      this.#driver.close();
    }
    return Promise.resolve();
  }

  #enqueue(type: Write["type"], key: string, object: Storable | undefined, expectedRevision: number, alongside: readonly Alongside[] = []): Promise<Entry> {
    if (this.#closed) return Promise.reject(new StoreClosedError());
    return new Promise((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => this.#commit());
      this.#queue.push({ type, key, object, expectedRevision, alongside, resolve, reject });
    });
  }

  /** Commits all waiting writes in the order they came; refused ones take no revision. */
  #commit(): void {
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
      records.push({ revision, key, deleted: type === "delete", json: entry.json });
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
    try {
      this.#driver.append(records);
    } catch (error) {
      // Nothing was applied: memory and disk agree, and every writer learns that its write failed.
      for (const { write } of accepted) write.reject(error);
      return;
    }
    const changes = records.map((written, index) => this.#apply(written, entries[index]!));
    this.#revision = revision;
    this.#history.push(...changes);
    this.#publish(changes);
    for (const { type, entry, previous } of changes) {
      previous?.forgetObject();
      if (type === "delete") entry.forgetObject();
    }
    for (const { write, index } of accepted) write.resolve(entries[index]!);
    if (this.#history.length > this.#historyRevisions * 1.1) this.compact(revision - this.#historyRevisions);
  }

  #apply({ key, revision, deleted }: LogRecord, entry: StoredEntry): StoredChange {
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

  #historyAfter(revision: number): StoredChange[] {
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#history[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#history.slice(low);
  }

  /** Undoes the changes since `revision`: the first change of a key tells what it was before. */
  #asOf(revision: number, current: Entry[], prefix: string, after: string | undefined): Entry[] {
    const before = new Map<string, Entry | undefined>();
    for (const { entry, previous } of this.#historyAfter(revision)) {
      const { key } = entry;
      if (key.startsWith(prefix) && (after === undefined || key > after) && !before.has(key)) before.set(key, previous);
    }
    if (before.size === 0) return current;
    const unchanged = current.filter(({ key }) => !before.has(key));
    const undone = [...before.values()].filter((entry) => entry !== undefined);
    return [...unchanged, ...undone].sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

function tableOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

function stamp(object: Storable, revision: number): Storable {
  object.metadata.resourceVersion = String(revision);
  return object;
}

function withMetadataCopied(object: Storable): Storable {
  return { ...object, metadata: { ...object.metadata } };
}
