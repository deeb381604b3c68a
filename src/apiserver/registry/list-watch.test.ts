import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { configMap, pod, startTestServer, type TestServer } from "../testing.ts";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const PODS = "/api/v1/namespaces/default/pods";
const MERGE = { "content-type": "application/merge-patch+json" };

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

const names = (body: { items: { metadata: { name: string } }[] }): string[] => body.items.map(({ metadata }) => metadata.name);

describe("list", () => {
  it("is a list of its kind at a revision, empty or not", async () => {
    const { body } = await server.request(`GET ${CONFIG_MAPS}`);
    assert.deepEqual(body, { kind: "ConfigMapList", apiVersion: "v1", metadata: { resourceVersion: String(server.store.revision) }, items: [] });
    await server.create("/api/v1/namespaces/kube-public/configmaps", configMap("b"));
    await server.create(CONFIG_MAPS, configMap("a"));
    assert.deepEqual(names((await server.request("GET /api/v1/configmaps")).body), ["a", "b"], "across namespaces");
    assert.deepEqual(names((await server.request(`GET ${CONFIG_MAPS}`)).body), ["a"]);
  });

  it("comes in pages of one snapshot", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) await server.create(CONFIG_MAPS, configMap(name));
    assert.equal((await server.request(`GET ${CONFIG_MAPS}?limit=-1`)).body.metadata.continue, undefined, "no limit");
    const first = await server.request(`GET ${CONFIG_MAPS}?limit=2`);
    assert.deepEqual([names(first.body), first.body.metadata.remainingItemCount], [["a", "b"], 3]);
    await server.request(`DELETE ${CONFIG_MAPS}/c`);
    await server.create(CONFIG_MAPS, configMap("dd"));
    const second = await server.request(`GET ${CONFIG_MAPS}?limit=2&continue=${first.body.metadata.continue}`);
    assert.deepEqual([names(second.body), second.body.metadata.resourceVersion], [["c", "d"], first.body.metadata.resourceVersion]);
    const last = await server.request(`GET ${CONFIG_MAPS}?limit=2&continue=${second.body.metadata.continue}`);
    assert.deepEqual([names(last.body), last.body.metadata.continue], [["e"], undefined]);
  });

  it("offers to go on inconsistently when a page's snapshot is forgotten", async () => {
    for (const name of ["a", "b", "c"]) await server.create(CONFIG_MAPS, configMap(name));
    const first = await server.request(`GET ${CONFIG_MAPS}?limit=1`);
    await server.request(`DELETE ${CONFIG_MAPS}/b`);
    server.store.compact(server.store.revision);
    const gone = await server.request(`GET ${CONFIG_MAPS}?limit=1&continue=${first.body.metadata.continue}`);
    assert.deepEqual([gone.status, gone.body.reason], [410, "Expired"]);
    const rest = await server.request(`GET ${CONFIG_MAPS}?continue=${gone.body.metadata.continue}`);
    assert.deepEqual(names(rest.body), ["c"]);
  });

  it("means by a resourceVersion what Kubernetes means", async () => {
    const { metadata } = await server.create(CONFIG_MAPS, configMap("a"));
    await server.create(CONFIG_MAPS, configMap("b"));
    const list = (query: string) => server.request(`GET ${CONFIG_MAPS}?${query}`);
    assert.deepEqual(names((await list(`resourceVersion=${metadata.resourceVersion}`)).body), ["a", "b"], "not older than");
    assert.deepEqual(names((await list(`resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`)).body), ["a"]);
    assert.deepEqual(names((await list("resourceVersion=0")).body), ["a", "b"]);
    const future = await list("resourceVersion=999");
    assert.deepEqual([future.status, future.body.message], [504, `Too large resource version: 999, current: ${server.store.revision}`]);
    assert.equal((await list("resourceVersion=abc")).status, 400);
    assert.equal((await list("resourceVersionMatch=Exact")).status, 400);
    server.store.compact(server.store.revision);
    assert.equal((await list("resourceVersion=1&resourceVersionMatch=Exact")).status, 410);
  });

  it("selects by labels and fields, and refuses selectors it doesn't know", async () => {
    await server.create(PODS, pod("a", "node-1", { labels: { app: "x", tier: "1" } }));
    await server.create(PODS, pod("b", undefined, { labels: { app: "x" } }));
    await server.create(PODS, pod("c", undefined, { labels: { app: "y" } }));
    const list = async (query: string): Promise<unknown> => {
      const { status, body } = await server.request(`GET ${PODS}?${query}`);
      return status === 200 ? names(body) : body.message;
    };
    assert.deepEqual(await list("labelSelector=app%3Dx"), ["a", "b"]);
    assert.deepEqual(await list("labelSelector=app+in+(x,y),!tier"), ["b", "c"]);
    assert.deepEqual(await list("fieldSelector=spec.nodeName%3Dnode-1"), ["a"]);
    assert.deepEqual(await list("fieldSelector=metadata.name!%3Da&labelSelector=app%3Dx"), ["b"]);
    assert.equal(await list("fieldSelector=spec.colour%3Dred"), "field label not supported: spec.colour");
    assert.match((await list("labelSelector=a%3D%3D%3Db")) as string, /unable to parse requirement/);
  });
});

describe("watch", () => {
  it("streams what happens after a revision", async () => {
    const { metadata } = await server.create(CONFIG_MAPS, configMap("a"));
    await server.request(`PATCH ${CONFIG_MAPS}/a`, { data: { x: "1" } }, MERGE);
    const watch = await server.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${metadata.resourceVersion}`);
    await server.request(`DELETE ${CONFIG_MAPS}/a`);
    const modified = await watch.next();
    assert.deepEqual([modified?.type, (modified?.object as { data?: unknown } | undefined)?.data], ["MODIFIED", { x: "1" }]);
    const deleted = await watch.next();
    assert.deepEqual([deleted?.type, deleted?.object.metadata.resourceVersion], ["DELETED", String(server.store.revision)]);
    watch.stop();
    assert.equal(await watch.next(), undefined);
  });

  it("begins with what is there when no revision is given", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    const watch = await server.watch(`${CONFIG_MAPS}?watch=1`);
    await server.create(CONFIG_MAPS, configMap("b"));
    assert.deepEqual([(await watch.next())?.object.metadata.name, (await watch.next())?.object.metadata.name], ["a", "b"]);
    watch.stop();
  });

  it("marks the end of initial events with a bookmark on demand", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    const watch = await server.watch(`${CONFIG_MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`);
    assert.equal((await watch.next())?.type, "ADDED");
    const { type, object } = (await watch.next())!;
    assert.deepEqual([type, object.metadata.annotations, object.metadata.resourceVersion], ["BOOKMARK", { "k8s.io/initial-events-end": "true" }, String(server.store.revision)]);
    watch.stop();
    const refused = await server.request(`GET ${CONFIG_MAPS}?watch=1&sendInitialEvents=true`);
    assert.equal(refused.status, 400);
  });

  it("shows objects entering and leaving a selection as added and deleted", async () => {
    const watch = await server.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${server.store.revision}&labelSelector=app%3Dx`);
    await server.create(CONFIG_MAPS, configMap("a"));
    await server.request(`PATCH ${CONFIG_MAPS}/a`, { metadata: { labels: { app: "x" } } }, MERGE);
    await server.request(`PATCH ${CONFIG_MAPS}/a`, { data: { k: "v" } }, MERGE);
    await server.request(`PATCH ${CONFIG_MAPS}/a`, { metadata: { labels: { app: "y" } } }, MERGE);
    const events = [await watch.next(), await watch.next(), await watch.next()];
    assert.deepEqual(events.map((event) => event?.type), ["ADDED", "MODIFIED", "DELETED"]);
    assert.deepEqual([events[2]?.object.metadata.labels, events[2]?.object.metadata.resourceVersion], [{ app: "x" }, String(server.store.revision)]);
    watch.stop();
  });

  it("sends bookmarks every minute, and ends with one after its timeout", async () => {
    const watch = await server.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${server.store.revision}&allowWatchBookmarks=true&timeoutSeconds=70`);
    await server.create(PODS, pod("elsewhere"));
    await server.clock.advance(60_000);
    const periodic = await watch.next();
    assert.deepEqual([periodic?.type, periodic?.object.kind, periodic?.object.metadata.resourceVersion], ["BOOKMARK", "ConfigMap", String(server.store.revision)]);
    await server.clock.advance(10_000);
    assert.equal((await watch.next())?.type, "BOOKMARK");
    assert.equal(await watch.next(), undefined);
  });

  it("refuses a revision that is forgotten", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    server.store.compact(server.store.revision);
    const { status, body } = await server.request(`GET ${CONFIG_MAPS}?watch=1&resourceVersion=1`);
    assert.deepEqual([status, body.reason, body.message], [410, "Expired", `too old resource version: 1 (${server.store.revision})`]);
  });

  it("follows one name, also by the old path", async () => {
    for (const url of [`${CONFIG_MAPS}/b?watch=1&resourceVersion=`, "/api/v1/watch/namespaces/default/configmaps/b?resourceVersion="]) {
      const watch = await server.watch(`${url}${server.store.revision}`);
      await server.create(CONFIG_MAPS, configMap("a"));
      await server.create(CONFIG_MAPS, configMap("b"));
      assert.equal((await watch.next())?.object.metadata.name, "b");
      watch.stop();
      await server.request(`DELETE ${CONFIG_MAPS}`);
    }
  });

  it("ends when the server closes", async () => {
    const watch = await server.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${server.store.revision}`);
    await server.api.close();
    assert.equal(await watch.next(), undefined);
  });
});

describe("tables and metadata", () => {
  const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

  it("are given to those who prefer them", async () => {
    await server.create(PODS, pod("a", "node-1"));
    const { body } = await server.request(`GET ${PODS}`, undefined, table);
    assert.deepEqual([body.kind, body.apiVersion], ["Table", "meta.k8s.io/v1"]);
    assert.deepEqual(body.columnDefinitions.slice(0, 3).map(({ name }: { name: string }) => name), ["Name", "Ready", "Status"]);
    assert.deepEqual(body.rows[0].cells.slice(0, 3), ["a", "0/1", "Pending"]);
    assert.deepEqual([body.rows[0].object.kind, body.rows[0].object.metadata.name, body.rows[0].object.spec], ["PartialObjectMetadata", "a", undefined]);
    const whole = await server.request(`GET ${PODS}/a?includeObject=Object`, undefined, table);
    assert.equal(whole.body.rows[0].object.kind, "Pod");
    const none = await server.request(`GET ${PODS}?includeObject=None`, undefined, table);
    assert.equal(none.body.rows[0].object, undefined);
  });

  it("stream, with the columns in the first event only", async () => {
    const watch = await server.watch(`${PODS}?watch=1&resourceVersion=${server.store.revision}`, table);
    await server.create(PODS, pod("a"));
    await server.create(PODS, pod("b"));
    const [first, second] = [await watch.next(), await watch.next()] as unknown as { object: { columnDefinitions: unknown[] | null; rows: { cells: unknown[] }[] } }[];
    assert.ok(first!.object.columnDefinitions!.length > 0);
    assert.deepEqual([second!.object.columnDefinitions, second!.object.rows[0]!.cells[0]], [null, "b"]);
    watch.stop();
  });

  it("leave out everything but metadata on demand", async () => {
    await server.create(CONFIG_MAPS, configMap("a", { x: "1" }));
    const one = await server.request(`GET ${CONFIG_MAPS}/a`, undefined, { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" });
    assert.deepEqual([one.body.kind, one.body.data], ["PartialObjectMetadata", undefined]);
    const many = await server.request(`GET ${CONFIG_MAPS}`, undefined, { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" });
    assert.deepEqual([many.body.kind, many.body.items[0].kind], ["PartialObjectMetadataList", "PartialObjectMetadata"]);
  });

  it("come as JSON or YAML, pretty for people, and not at all in other forms", async () => {
    await server.create(CONFIG_MAPS, configMap("a", { x: "0644" }));
    const yaml = await server.request(`GET ${CONFIG_MAPS}/a`, undefined, { accept: "application/yaml" });
    assert.match(yaml.body, /^kind: ConfigMap\napiVersion: v1\n[^]*data:\n {2}x: "0644"\n$/);
    assert.match(JSON.stringify((await server.request(`GET ${CONFIG_MAPS}/a`, undefined, { accept: "application/vnd.kubernetes.protobuf,application/json" })).body.data), /0644/);
    const other = await server.request(`GET ${CONFIG_MAPS}/a`, undefined, { accept: "application/vnd.kubernetes.protobuf" });
    assert.deepEqual([other.status, other.body.message], [406, "only the following media types are accepted: application/json, application/yaml"]);
  });
});
