import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nextTurn } from "#lib/turn.ts";
import { seededRng, type Rng } from "#lib/random.ts";
import type { KubeObject, WatchEvent } from "#api/types.ts";
import { configMap, startTestServer, type TestServer } from "../testing.ts";

const NAMESPACES = ["default", "kube-public"];
const NAMES = ["a", "b", "c", "d"];
const COLOURS = ["red", "blue"];

/** What a watcher may look at; each has a meaning in the model. */
const VIEWS: { path: string; selects: (object: KubeObject) => boolean }[] = [
  { path: "/api/v1/configmaps?", selects: () => true },
  { path: "/api/v1/namespaces/default/configmaps?", selects: ({ metadata }) => metadata.namespace === "default" },
  { path: "/api/v1/configmaps?labelSelector=colour%3Dred&", selects: ({ metadata }) => metadata.labels?.["colour"] === "red" },
  { path: "/api/v1/configmaps?labelSelector=colour%21%3Dred&", selects: ({ metadata }) => metadata.labels?.["colour"] !== "red" },
  { path: "/api/v1/configmaps?fieldSelector=metadata.name%3Da&", selects: ({ metadata }) => metadata.name === "a" },
];

type Told = [type: string, key: string, revision: number];

/** Writes that come one after the other from one writer, some refused, while other writers do the same. */
async function write(server: TestServer, rng: Rng, writes: number): Promise<void> {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(rng() * from.length)]!;
  for (let i = 0; i < writes; i++) {
    const collection = `/api/v1/namespaces/${pick(NAMESPACES)}/configmaps`;
    const name = pick(NAMES);
    const labels = { colour: pick(COLOURS) };
    const what = rng();
    if (what < 0.4) await server.request(`POST ${collection}`, configMap(name, {}, { labels }));
    else if (what < 0.75) await server.request(`PATCH ${collection}/${name}`, { metadata: { labels }, data: { i: String(rng()) } }, { "content-type": "application/merge-patch+json" });
    else if (what < 0.95) await server.request(`DELETE ${collection}/${name}`);
    else server.store.compact(server.store.revision - Math.floor(rng() * 30));
    if (rng() < 0.3) await nextTurn();
  }
}

/** Follows one view over connections that break at any time; lists again when it is told that its revision is gone. */
class Follower {
  readonly #server: TestServer;
  readonly #rng: Rng;
  readonly #path: string;
  readonly objects = new Map<string, number>();
  /** What it was told, in pieces without a list between them. */
  readonly runs: { from: number; told: Told[] }[] = [];
  revision = 0;

  constructor(server: TestServer, rng: Rng, path: string) {
    this.#server = server;
    this.#rng = rng;
    this.#path = path;
  }

  async list(): Promise<void> {
    const { body } = await this.#server.request(`GET ${this.#path}limit=0`);
    const { metadata, items } = body as { metadata: { resourceVersion: string }; items: KubeObject[] };
    this.revision = Number(metadata.resourceVersion);
    this.objects.clear();
    for (const item of items) this.objects.set(keyOf(item), revisionOf(item));
    this.runs.push({ from: this.revision, told: [] });
  }

  /** Watches until it has seen `target`, through as many connections as it takes. */
  async follow(target: () => number): Promise<void> {
    await this.list();
    while (this.revision < target()) {
      const watch = await this.#server.watch(`${this.#path}watch=1&allowWatchBookmarks=true&resourceVersion=${this.revision}`);
      for (let left = 1 + Math.floor(this.#rng() * 8); left > 0 && this.revision < target(); left--) {
        const event = await watch.next();
        if (!event || event.type === "ERROR") {
          assert.equal((event?.object as { code?: number } | undefined)?.code, 410);
          await this.list();
          break;
        }
        this.#take(event);
      }
      watch.stop();
      await nextTurn();
    }
  }

  #take({ type, object }: WatchEvent<KubeObject>): void {
    const revision = revisionOf(object);
    if (type !== "BOOKMARK") {
      const key = keyOf(object);
      assert.ok(revision > this.revision, `${key} of revision ${revision} came after revision ${this.revision}`);
      assert.equal(this.objects.has(key), type !== "ADDED", `${type} ${key}`);
      if (type === "DELETED") this.objects.delete(key);
      else this.objects.set(key, revision);
      this.runs.at(-1)!.told.push([type, key, revision]);
    }
    this.revision = revision;
  }
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.resourceVersion);
}

describe("watches under random writers", () => {
  it("tell each watcher all that happens to its objects, once and in order, however often it comes back", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e9 }), async (seed) => {
        const server = await startTestServer();
        const rng = seededRng(seed);
        /** All changes, from the store itself. */
        const changes: { revision: number; before: KubeObject | undefined; after: KubeObject | undefined }[] = [];
        server.store.watch("configmaps/", server.store.revision, (batch) => {
          for (const { type, revision, entry, previous } of batch) {
            const after = type === "put" ? (entry.object as unknown as KubeObject) : undefined;
            changes.push({ revision, before: previous?.object as unknown as KubeObject | undefined, after });
          }
        });
        let target = Infinity;
        const followers = VIEWS.map(({ path }) => new Follower(server, seededRng(rng() * 1e9), path));
        const following = followers.map((follower) => follower.follow(() => target));
        await Promise.all(Array.from({ length: 3 }, () => write(server, seededRng(rng() * 1e9), 40)));
        target = server.store.revision;
        let left = followers.length;
        const ended = (): number => left--;
        for (const one of following) void one.then(ended, ended);
        // Bookmarks tell those whose objects don't change any more how far they have come.
        while (left > 0) await server.clock.advance(60_000);
        await Promise.all(following);
        for (const [index, { selects }] of VIEWS.entries()) {
          const { runs, objects } = followers[index]!;
          for (const { from, told } of runs) {
            const last = told.at(-1)?.[2] ?? from;
            assert.deepEqual(told, expected(changes.filter(({ revision }) => revision > from && revision <= last), selects));
          }
          const present = server.store.list("configmaps/").entries.map((entry) => entry.object as unknown as KubeObject).filter(selects);
          assert.deepEqual(objects, new Map(present.map((object) => [keyOf(object), revisionOf(object)])));
        }
        await server.close();
      }),
      { numRuns: 25 },
    );
  });
});

/** What changes are to someone who sees only some objects. */
function expected(changes: { revision: number; before: KubeObject | undefined; after: KubeObject | undefined }[], selects: (object: KubeObject) => boolean): Told[] {
  return changes.flatMap(({ revision, before, after }): Told[] => {
    const was = before !== undefined && selects(before);
    const is = after !== undefined && selects(after);
    if (!was && !is) return [];
    return [[was ? (is ? "MODIFIED" : "DELETED") : "ADDED", keyOf((after ?? before)!), revision]];
  });
}
