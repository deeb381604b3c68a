import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { startTestServer, type TestServer } from "./testing.ts";

const CORE = "/api/v1/namespaces/default/events";
const NEW = "/apis/events.k8s.io/v1/namespaces/default/events";
const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
const MERGE = { "content-type": "application/merge-patch+json" };
const POD = { kind: "Pod", namespace: "default", name: "web-1" };
const TIME = "2026-01-01T00:00:00.000000Z";

/** As client-go's older recorder writes it. */
const OLD_EVENT = {
  metadata: { name: "old" },
  involvedObject: POD,
  reason: "Pulled",
  message: "got it",
  source: { component: "kubelet", host: "worker" },
  firstTimestamp: "2026-01-01T00:00:00Z",
  lastTimestamp: "2026-01-01T00:01:00Z",
  count: 3,
  type: "Normal",
};
/** As its newer one does. */
const NEW_EVENT = {
  metadata: { name: "new" },
  regarding: POD,
  reason: "Scheduled",
  note: "assigned",
  reportingController: "default-scheduler",
  reportingInstance: "s-1",
  action: "Binding",
  eventTime: TIME,
  type: "Normal",
};

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

describe("an event", () => {
  it("that was written to the core group is read in both, by each one's names", async () => {
    await server.create(CORE, OLD_EVENT);
    const { body } = await server.request(`GET ${NEW}/old`);
    const { metadata: _, ...rest } = body;
    assert.deepEqual(rest, {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      regarding: POD,
      reason: "Pulled",
      note: "got it",
      deprecatedSource: { component: "kubelet", host: "worker" },
      deprecatedFirstTimestamp: "2026-01-01T00:00:00Z",
      deprecatedLastTimestamp: "2026-01-01T00:01:00Z",
      deprecatedCount: 3,
      type: "Normal",
    });
    assert.deepEqual((await server.request(`GET ${CORE}/old`)).body.metadata.uid, body.metadata.uid);
  });

  it("that was written to events.k8s.io, too", async () => {
    await server.create(NEW, NEW_EVENT);
    const { metadata: _, ...rest } = (await server.request(`GET ${CORE}/new`)).body;
    assert.deepEqual(rest, {
      apiVersion: "v1",
      kind: "Event",
      involvedObject: POD,
      reason: "Scheduled",
      message: "assigned",
      reportingComponent: "default-scheduler",
      reportingInstance: "s-1",
      action: "Binding",
      eventTime: TIME,
      type: "Normal",
    });
    assert.equal((await server.request(`POST ${CORE}`, { ...OLD_EVENT, metadata: { name: "new" } })).status, 409);
  });

  it("is listed in both, with the same columns, and selected by each one's fields", async () => {
    await server.create(CORE, OLD_EVENT);
    await server.create(NEW, NEW_EVENT);
    const rows = async (url: string): Promise<unknown> => {
      const { body } = await server.request(`GET ${url}`, undefined, TABLE);
      return body.rows.map(({ cells }: { cells: unknown[] }) => [cells[1], cells[2], cells[3], cells[5], cells[6], cells[8]]);
    };
    const both = [
      ["Normal", "Scheduled", "pod/web-1", "default-scheduler, s-1", "assigned", 1],
      ["Normal", "Pulled", "pod/web-1", "kubelet, worker", "got it", 3],
    ];
    assert.deepEqual(await rows(NEW), both);
    assert.deepEqual(await rows(CORE), both);
    assert.deepEqual(await rows(`${NEW}?fieldSelector=regarding.name=web-1,reportingController=default-scheduler`), both.slice(0, 1));
    assert.deepEqual(await rows(`${CORE}?fieldSelector=involvedObject.name=web-1,source=kubelet`), both.slice(1));
    const wrong = await server.request(`GET ${NEW}?fieldSelector=involvedObject.name=web-1`);
    assert.equal(wrong.status, 400);
    assert.match(wrong.body.message, /field label not supported: involvedObject\.name/);
  });

  it("is watched in both, whoever changes it, at the same revisions", async () => {
    const [core, later] = [await server.watch(`${CORE}?watch=1`), await server.watch(`${NEW}?watch=1&fieldSelector=regarding.kind%3DPod`)];
    await server.create(NEW, NEW_EVENT);
    await server.request(`PATCH ${CORE}/new`, { message: "again" }, MERGE);
    await server.request(`DELETE ${NEW}/new`);
    for (const [type, text] of [["ADDED", "assigned"], ["MODIFIED", "again"], ["DELETED", "again"]]) {
      const [one, other] = [await core.next(), await later.next()] as unknown as { type: string; object: Record<string, { resourceVersion: string }> }[];
      assert.deepEqual([one!.type, one!.object["apiVersion"], one!.object["message"]], [type, "v1", text]);
      assert.deepEqual([other!.type, other!.object["apiVersion"], other!.object["note"]], [type, "events.k8s.io/v1", text]);
      assert.equal(one!.object["metadata"]!.resourceVersion, other!.object["metadata"]!.resourceVersion);
    }
    core.stop();
    later.stop();
  });

  it("is checked more strictly through events.k8s.io, in the words of the stored form", async () => {
    const { body } = await server.request(`POST ${NEW}`, { ...NEW_EVENT, type: "Odd", deprecatedCount: 2, eventTime: undefined });
    assert.equal(body.message, 'Event.events.k8s.io "new" is invalid: [eventTime: Required value, type: Invalid value: "": has invalid value: Odd, count: Invalid value: "": needs to be unset]');
    await server.create(NEW, NEW_EVENT);
    const changed = await server.request(`PATCH ${NEW}/new`, { note: "other" }, MERGE);
    assert.match(changed.body.message, /message: Invalid value: "other": field is immutable$/);
    const series = await server.request(`PATCH ${NEW}/new`, { series: { count: 2, lastObservedTime: TIME } }, MERGE);
    assert.equal(series.status, 200);
    assert.equal((await server.request(`GET ${CORE}/new`)).body.series.count, 2);
  });
});
