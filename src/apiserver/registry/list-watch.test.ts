import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { KubeObject, Status } from "#api/types.ts";
import { bodyText } from "#lib/http.ts";
import { nextTurn } from "#lib/turn.ts";
import { systemUser } from "../user.ts";
import { toYaml } from "../yaml.ts";
import { configMap, pod, startTestServer, type TestServer } from "../testing.ts";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const PODS = "/api/v1/namespaces/default/pods";
const ADMIN = systemUser("admin");
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

  it("is as of the revision that resourceVersion and resourceVersionMatch ask for", async () => {
    const { metadata } = await server.create(CONFIG_MAPS, configMap("a"));
    await server.create(CONFIG_MAPS, configMap("b"));
    const now = String(server.store.revision);
    const then = metadata.resourceVersion!;
    // https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
    const table: [query: string, names: string[], resourceVersion: string][] = [
      ["", ["a", "b"], now],
      ["resourceVersion=", ["a", "b"], now],
      ["resourceVersion=0", ["a", "b"], now],
      ["resourceVersion=0&resourceVersionMatch=NotOlderThan", ["a", "b"], now],
      [`resourceVersion=${then}`, ["a", "b"], now],
      [`resourceVersion=${then}&resourceVersionMatch=NotOlderThan`, ["a", "b"], now],
      [`resourceVersion=${then}&resourceVersionMatch=Exact`, ["a"], then],
      ["limit=1", ["a"], now],
      ["limit=1&resourceVersion=0", ["a", "b"], now],
      [`limit=5&resourceVersion=${then}`, ["a"], then],
      [`limit=1&resourceVersion=${then}&resourceVersionMatch=NotOlderThan`, ["a"], now],
      [`limit=5&resourceVersion=${then}&resourceVersionMatch=Exact`, ["a"], then],
    ];
    for (const [query, expected, resourceVersion] of table) {
      const { body } = await server.request(`GET ${CONFIG_MAPS}?${query}`);
      assert.deepEqual([names(body), body.metadata.resourceVersion], [expected, resourceVersion], query);
    }
    server.store.compact(server.store.revision);
    const gone = await server.request(`GET ${CONFIG_MAPS}?resourceVersion=${then}&resourceVersionMatch=Exact`);
    assert.deepEqual([gone.status, gone.body.reason, gone.body.message], [410, "Expired", "The resourceVersion for the provided list is too old."]);
  });

  it("refuses, in upstream's words, options that contradict each other or can't be read", async () => {
    const rv = server.store.revision;
    const token = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const options = 'ListOptions.meta.k8s.io "" is invalid: ';
    const match = "resourceVersionMatch: Forbidden: ";
    const table: [query: string, code: number, message: string][] = [
      ["resourceVersionMatch=Exact", 422, `${options}${match}resourceVersionMatch is forbidden unless resourceVersion is provided`],
      ["resourceVersionMatch=Exact&resourceVersion=0", 422, `${options}${match}resourceVersionMatch "exact" is forbidden for resourceVersion "0"`],
      ["resourceVersionMatch=Some&resourceVersion=1", 422, `${options}resourceVersionMatch: Unsupported value: "Some": supported values: "Exact", "NotOlderThan", ""`],
      ["resourceVersionMatch=Exact&continue=x", 422, `${options}[${match}resourceVersionMatch is forbidden unless resourceVersion is provided, ${match}resourceVersionMatch is forbidden when continue is provided]`],
      ["sendInitialEvents=true", 422, `${options}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list`],
      ["resourceVersion=abc", 400, 'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'],
      ["limit=many", 400, 'strconv.ParseInt: parsing "many": invalid syntax'],
      ["continue=x", 400, "invalid continue token: continue key is not valid"],
      [`continue=${token({ v: "v2", rv: 1, start: "a" })}`, 400, "invalid continue token: continue key is not valid: server does not recognize this encoded version v2"],
      [`continue=${token({ v: "meta.k8s.io/v1", rv: 0, start: "a" })}`, 400, "invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)"],
      [`continue=${token({ v: "meta.k8s.io/v1", rv: 1, start: "" })}`, 400, "invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)"],
      [`resourceVersion=1&continue=${token({ v: "meta.k8s.io/v1", rv, start: "a" })}`, 400, "specifying resource version is not allowed when using continue"],
      ["resourceVersion=999", 504, `Timeout: Too large resource version: 999, current: ${rv}`],
      [`continue=${token({ v: "meta.k8s.io/v1", rv: 999, start: "a" })}`, 504, `Timeout: Too large resource version: 999, current: ${rv}`],
    ];
    for (const [query, code, message] of table) {
      const { status, body } = await server.request(`GET ${CONFIG_MAPS}?${query}`);
      assert.deepEqual([status, body.message], [code, message], query);
    }
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

  it("tells of a revision that is forgotten, or still to come, by an event, and ends", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    server.store.compact(server.store.revision);
    const { revision } = server.store;
    for (const [query, code, reason, message] of [
      ["resourceVersion=1", 410, "Expired", `too old resource version: 1 (${revision})`],
      ["resourceVersion=999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", 504, "Timeout", `Timeout: Too large resource version: 999, current: ${revision}`],
    ] as const) {
      const watch = await server.watch(`${CONFIG_MAPS}?watch=1&${query}`);
      const { type, object } = (await watch.next())! as unknown as { type: string; object: Status };
      assert.deepEqual([type, object.kind, object.code, object.reason, object.message], ["ERROR", "Status", code, reason, message]);
      assert.equal(await watch.next(), undefined);
    }
  });

  it("from a revision still to come is quiet until then", async () => {
    const watch = await server.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${server.store.revision + 1}`);
    await server.create(CONFIG_MAPS, configMap("a"));
    await server.create(CONFIG_MAPS, configMap("b"));
    assert.equal((await watch.next())?.object.metadata.name, "b");
    watch.stop();
  });

  it("begins with initial events, or without, as asked", async () => {
    await server.create(CONFIG_MAPS, configMap("a"));
    const current = server.store.revision;
    const table: [query: string, first: string[]][] = [
      [`resourceVersion=${current - 1}`, ["ADDED a"]],
      ["", ["ADDED a"]],
      ["resourceVersion=0", ["ADDED a"]],
      ["resourceVersion=0&allowWatchBookmarks=true", ["ADDED a", "BOOKMARK end"]],
      ["sendInitialEvents=true&resourceVersionMatch=NotOlderThan", ["ADDED a"]],
      [`sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=${current}`, ["ADDED a", "BOOKMARK end"]],
      ["sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0", []],
      ["sendInitialEvents=false&resourceVersionMatch=NotOlderThan", []],
    ];
    for (const [query, first] of table) {
      const watch = await server.watch(`${CONFIG_MAPS}?watch&${query}`);
      await server.create(CONFIG_MAPS, configMap("z"));
      await server.request(`DELETE ${CONFIG_MAPS}/z`);
      const seen: string[] = [];
      for (;;) {
        const { type, object } = (await watch.next())!;
        if (object.metadata.name === "z") break;
        seen.push(`${type} ${object.metadata.annotations?.["k8s.io/initial-events-end"] ? "end" : object.metadata.name}`);
      }
      assert.deepEqual(seen, first, query);
      watch.stop();
    }
  });

  it("refuses, in upstream's words, options that contradict each other", async () => {
    const options = 'ListOptions.meta.k8s.io "" is invalid: ';
    const table: [query: string, code: number, message: string][] = [
      ["sendInitialEvents=true", 422, `${options}resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`],
      ["resourceVersion=1&resourceVersionMatch=NotOlderThan", 422, `${options}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided`],
      [
        "sendInitialEvents=true&resourceVersionMatch=Exact",
        422,
        `${options}[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]`,
      ],
      ["resourceVersion=abc", 500, 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'],
    ];
    for (const [query, code, message] of table) {
      const { status, body } = await server.request(`GET ${CONFIG_MAPS}?watch=1&${query}`);
      assert.deepEqual([status, body.message], [code, message], query);
    }
    const named = await server.request(`GET ${CONFIG_MAPS}/a?watch=1&fieldSelector=metadata.name%3Db`);
    assert.deepEqual([named.status, named.body.message], [400, "fieldSelector metadata.name doesn't match requested name"]);
    const yaml = await server.request(`GET ${CONFIG_MAPS}?watch=1`, undefined, { accept: "application/yaml" });
    assert.deepEqual([yaml.status, yaml.body.message], [406, "only the following media types are accepted: application/json;stream=watch"]);
  });

  it("cuts off a reader that doesn't read, and nobody else", async () => {
    const from = server.store.revision;
    const slow = await server.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${from}`);
    const keen = await server.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${from}`);
    for (let batch = 0; batch < 21; batch++) {
      await Promise.all(Array.from({ length: 1000 }, (_, i) => server.store.create(`configmaps/default/x-${batch}-${i}`, { metadata: {}, kind: "ConfigMap" } as never)));
      for (let i = 0; i < 1000; i++) assert.equal((await keen.next())?.type, "ADDED");
    }
    assert.equal(await slow.next(), undefined);
    await server.create(CONFIG_MAPS, configMap("last"));
    assert.equal((await keen.next())?.object.metadata.name, "last");
    keen.stop();
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

  it("carry bookmarks in their own form", async () => {
    const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const asTable = await server.watch(`${PODS}?${query}&includeObject=None`, table);
    const { object } = (await asTable.next()) as unknown as { object: { kind: string; rows: { object: KubeObject }[] } };
    assert.deepEqual([object.kind, object.rows[0]!.object.metadata.annotations], ["Table", { "k8s.io/initial-events-end": "true" }]);
    asTable.stop();
    const metadata = await server.watch(`${PODS}?${query}`, { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" });
    assert.equal((await metadata.next())?.object.kind, "PartialObjectMetadata");
    metadata.stop();
  });

  it("leave out everything but metadata on demand", async () => {
    await server.create(CONFIG_MAPS, configMap("a", { x: "1" }));
    const one = await server.request(`GET ${CONFIG_MAPS}/a`, undefined, { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" });
    assert.deepEqual([one.body.kind, one.body.data], ["PartialObjectMetadata", undefined]);
    const many = await server.request(`GET ${CONFIG_MAPS}`, undefined, { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" });
    assert.deepEqual([many.body.kind, many.body.items[0].kind], ["PartialObjectMetadataList", "PartialObjectMetadata"]);
    const list = await server.request(`GET ${CONFIG_MAPS}`, undefined, { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" });
    assert.deepEqual([list.status, list.body.message], [406, "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)"]);
    const single = await server.request(`GET ${CONFIG_MAPS}/a`, undefined, { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" });
    assert.deepEqual([single.status, single.body.message], [406, "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)"]);
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

describe("long lists", () => {
  const fill = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, (_, i) => {
        const object = { kind: "ConfigMap", apiVersion: "v1", metadata: { name: `x-${i}`, namespace: "default", labels: { odd: String(i % 2) } }, data: { text: "ü".repeat(200) } };
        return server.store.create(`configmaps/default/x-${i}`, object as never);
      }),
    );

  it("are the same list as short ones, whatever their form", async () => {
    await fill(1000);
    const { body } = await server.request(`GET ${CONFIG_MAPS}`);
    assert.equal(body.items.length, 1000);
    const accept = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    assert.equal((await server.request(`GET ${CONFIG_MAPS}`, undefined, accept)).body.rows.length, 1000);
    const pretty = await server.api.handle({ method: "GET", url: `${CONFIG_MAPS}?pretty=true`, headers: {} }, ADMIN);
    assert.equal(await bodyText(pretty.body), `${JSON.stringify(body, null, 2)}\n`);
    const yaml = await server.request(`GET ${CONFIG_MAPS}`, undefined, { accept: "application/yaml" });
    assert.equal(yaml.body, toYaml(body));
    assert.deepEqual(names((await server.request(`GET ${CONFIG_MAPS}?labelSelector=odd%3D1`)).body).length, 500);
    const empty = await server.request(`GET ${CONFIG_MAPS}?labelSelector=odd%3D2`, undefined, { accept: "application/yaml" });
    assert.match(empty.body, /\nitems: \[\]\n$/);
    const emptyPretty = await server.api.handle({ method: "GET", url: `${CONFIG_MAPS}?pretty=1&labelSelector=odd%3D2`, headers: {} }, ADMIN);
    assert.match(await bodyText(emptyPretty.body), /\n {2}"items": \[\]\n\}\n$/);
  });

  it("come in chunks that are made as they are read, of one moment", async () => {
    await fill(2000);
    const { body } = await server.api.handle({ method: "GET", url: CONFIG_MAPS, headers: {} }, ADMIN);
    assert.ok(typeof body !== "string" && !(body instanceof Uint8Array));
    let text = "";
    let largest = 0;
    let chunks = 0;
    for await (const chunk of body as AsyncIterable<string>) {
      if (chunks++ === 0) await server.request(`DELETE ${CONFIG_MAPS}`);
      text += chunk;
      largest = Math.max(largest, chunk.length);
    }
    assert.ok(chunks > 3 && largest < 256 * 1024, `${chunks} chunks of at most ${largest}`);
    assert.equal(names(JSON.parse(text) as { items: { metadata: { name: string } }[] }).length, 2000);
    assert.equal(names((await server.request(`GET ${CONFIG_MAPS}`)).body).length, 0);
  });

  it("leave others their turn", async () => {
    await fill(5000);
    const order: string[] = [];
    const list = server.request(`GET ${CONFIG_MAPS}?labelSelector=odd%3D3`).then(() => order.push("list"));
    await nextTurn();
    const get = server.request(`GET ${CONFIG_MAPS}/x-1`).then(() => order.push("get"));
    await Promise.all([list, get]);
    assert.deepEqual(order, ["get", "list"]);
  });

  it("are compressed for those who accept it, beyond 128 KiB", async () => {
    await fill(1000);
    const plain = await server.request(`GET ${CONFIG_MAPS}`);
    const get = (url: string) => server.api.handle({ method: "GET", url, headers: { "accept-encoding": "br, gzip" } }, ADMIN);
    const { headers, body } = await get(CONFIG_MAPS);
    assert.deepEqual([headers["content-encoding"], headers["vary"]], ["gzip", "Accept-Encoding"]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
    assert.deepEqual(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()), plain.body);
    assert.equal((await get(`${CONFIG_MAPS}?limit=10`)).headers["content-encoding"], undefined);
    assert.equal((await get(`${CONFIG_MAPS}?watch=1&timeoutSeconds=1`)).headers["content-encoding"], undefined);
  });

  it("are deleted in pages, or as a whole", async () => {
    await fill(300);
    const first = await server.request(`DELETE ${CONFIG_MAPS}?limit=100`);
    assert.deepEqual([first.body.items.length, first.body.metadata.remainingItemCount], [100, 200]);
    const second = await server.request(`DELETE ${CONFIG_MAPS}?limit=100&continue=${first.body.metadata.continue}`);
    assert.deepEqual([second.body.items.length, second.body.metadata.remainingItemCount], [100, 100]);
    const odd = (await server.request(`DELETE ${CONFIG_MAPS}?labelSelector=odd%3D1`)).body.items.length as number;
    const rest = (await server.request(`GET ${CONFIG_MAPS}`)).body.items as KubeObject[];
    assert.ok(odd > 0 && rest.every(({ metadata }) => metadata.labels?.["odd"] === "0"));
    assert.equal(odd + rest.length, 100);
  });
});
