/**
 * The store's contract: a map of keys to objects in which every write makes a new global revision,
 * and everything since a past revision can be replayed. What etcd is to a Kubernetes API server.
 * @see https://etcd.io/docs/v3.6/learning/data_model/
 */

import type { LogRecord } from "./driver.ts";

/** What can be stored: an object whose metadata carries its revision, as Kubernetes' objects do. */
export interface Storable {
  metadata: { resourceVersion?: string };
}

/** One version of one object. Entries and their objects are shared and never change: copy before changing. */
export interface Entry {
  readonly key: string;
  /** The revision of the write that made this version. */
  readonly revision: number;
  /** The object as JSON with its resourceVersion inside: made once, sent many times. */
  readonly json: string;
  /** The object. */
  readonly object: Storable;
}

/** One change. A deletion carries the object's last state, stamped with the revision of the deletion. */
export interface Change {
  readonly type: "put" | "delete";
  readonly revision: number;
  readonly entry: Entry;
  /** The version before; undefined when the key was new. */
  readonly previous: Entry | undefined;
}

export interface ListOptions {
  /** Lists as of this past revision instead of now. Throws a CompactedError when it is forgotten. */
  revision?: number | undefined;
  /** Keys after this one only. */
  after?: string | undefined;
}

export interface Listing {
  /** In the order of their keys. */
  entries: Entry[];
  /** The revision the listing is of. */
  revision: number;
}

/** A listing that is read as far as it is needed. */
export interface Scan {
  /** In the order of their keys. To be read in this turn of the event loop: a later write may change what comes. */
  entries: Iterable<Entry>;
  /** How many there are. */
  count: number;
  /** The revision the listing is of. */
  revision: number;
}

/** Everything at one revision, as it is written down: what a backup holds. */
export interface SnapshotView {
  revision: number;
  /** In the order of their revisions. Reading them later and slowly is fine. */
  records: { readonly length: number } & Iterable<LogRecord>;
}

/** A further key that a write changes: its new version replaces the current one. */
export interface SideWrite {
  key: string;
  object: Storable;
}

/**
 * Decides what else is stored with a write, or not at all: called at the very moment of the commit, with
 * all earlier writes visible, so that a count kept in one key is right however many writers there are.
 * Throwing refuses the write. It must not wait.
 */
export type Alongside = (get: (key: string) => Entry | undefined) => SideWrite[];

/** Called once per committed batch, in order. It must neither throw nor block. */
export type ChangeListener = (changes: readonly Change[]) => void;

/**
 * Keys are paths: the first segment names the table (`pods`), and a prefix ends with a slash
 * (`pods/`, `pods/shop/`). Writes are acknowledged (their promise resolves) when they are durable;
 * reads and watches only ever see durable writes.
 */
export interface Store {
  /** The last durable revision; it never decreases, restarts included. */
  readonly revision: number;
  /** History up to and including this revision is forgotten. */
  readonly compactedRevision: number;
  get(key: string): Entry | undefined;
  list(prefix: string, options?: ListOptions): Listing;
  /** As {@link list}, for those who may stop early. */
  scan(prefix: string, options?: ListOptions): Scan;
  /** How many keys have this prefix now. */
  count(prefix: string): number;
  /** Throws a KeyExistsError. The store sets the resourceVersion of `object`, which must not change until this resolves. */
  create(key: string, object: Storable, alongside?: readonly Alongside[]): Promise<Entry>;
  /** Replaces the version of `expectedRevision`; throws a RevisionMismatchError when the current one is another, or none. */
  update(key: string, object: Storable, expectedRevision: number, alongside?: readonly Alongside[]): Promise<Entry>;
  /** Deletes the version of `expectedRevision`; resolves to the last state, stamped with the deletion's revision. */
  delete(key: string, expectedRevision: number): Promise<Entry>;
  /**
   * Calls the listener with every change under `prefix` after `afterRevision`, the past ones before this
   * returns: no gap, no duplicate, in order. Returns a function that ends it. Throws a CompactedError.
   */
  watch(prefix: string, afterRevision: number, listener: ChangeListener): () => void;
  /** Forgets the history up to `revision`. */
  compact(revision: number): void;
  /** The present state for a backup: consistent, however long its reader takes. */
  snapshot(): SnapshotView;
  /** Commits what waits and closes; later writes are refused. */
  close(): Promise<void>;
}

export class KeyExistsError extends Error {
  readonly key: string;
  constructor(key: string) {
    super(`key ${key} exists`);
    this.key = key;
  }
}

/** Compare-and-swap failed: the key's current version is `current`. */
export class RevisionMismatchError extends Error {
  readonly current: Entry | undefined;
  constructor(key: string, expectedRevision: number, current: Entry | undefined) {
    super(`key ${key} is at revision ${current ? current.revision : "none"}, not ${expectedRevision}`);
    this.current = current;
  }
}

/** The revision asked for is forgotten. */
export class CompactedError extends Error {
  readonly revision: number;
  readonly compactedRevision: number;
  constructor(revision: number, compactedRevision: number) {
    super(`revision ${revision} is compacted; the oldest is ${compactedRevision}`);
    this.revision = revision;
    this.compactedRevision = compactedRevision;
  }
}

/** What the file holds is not what was written: nothing of it is served, and nothing is repaired in silence. */
export class CorruptStoreError extends Error {
  readonly file: string;
  /** The first damaged revision, where it is known: all before it is sound. */
  readonly revision: number | undefined;
  /** The key of the damaged record, where it can be read. */
  readonly key: string | undefined;

  constructor(file: string, damage: { revision?: number | undefined; key?: string | undefined; what: string }) {
    super(`${file}: ${damage.what}`);
    this.file = file;
    this.revision = damage.revision;
    this.key = damage.key;
  }
}

export class StoreClosedError extends Error {
  constructor() {
    super("the store is closed");
  }
}
