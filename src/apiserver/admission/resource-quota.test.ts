import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import { startTestServer, type Answer, type TestServer } from "../testing.ts";

const NAMESPACE = "/api/v1/namespaces/default";
const MERGE = { "content-type": "application/merge-patch+json" };

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

/** A quota whose usage is counted already, as the controller does. */
async function quota(name: string, hard: Record<string, string>, spec: object = {}, used: Record<string, string> = {}): Promise<void> {
  await server.create(`${NAMESPACE}/resourcequotas`, { metadata: { name }, spec: { hard, ...spec } });
  const zero = Object.fromEntries(Object.keys(hard).map((limited) => [limited, "0"]));
  await server.request(`PATCH ${NAMESPACE}/resourcequotas/${name}/status`, { status: { hard, used: { ...zero, ...used } } }, MERGE);
}

const used = async (name: string): Promise<Record<string, string>> => (await server.request(`GET ${NAMESPACE}/resourcequotas/${name}`)).body.status.used;
const pod = (name: string, resources: object = {}, spec: object = {}) => ({ metadata: { name }, spec: { containers: [{ name: "a", image: "a", resources }], ...spec } });
const create = (plural: string, object: object, query = ""): Promise<Answer> => server.request(`POST ${NAMESPACE}/${plural}${query}`, object);

async function refused(plural: string, object: object): Promise<string> {
  const { status, body } = await create(plural, object);
  assert.equal(status, 403);
  return body.message as string;
}

describe("ResourceQuota", () => {
  it("charges what is created, and refuses what exceeds it", async () => {
    await quota("q", { pods: "2", "requests.cpu": "1", "limits.memory": "1Gi" });
    const sized = (cpu: string, memory: string) => ({ requests: { cpu }, limits: { memory } });
    assert.equal((await create("pods", pod("a", sized("400m", "512Mi")))).status, 201);
    assert.deepEqual(await used("q"), { pods: "1", "requests.cpu": "400m", "limits.memory": "512Mi" });
    assert.equal(
      await refused("pods", pod("b", sized("700m", "1Gi"))),
      'pods "b" is forbidden: exceeded quota: q, requested: limits.memory=1Gi,requests.cpu=700m, used: limits.memory=512Mi,requests.cpu=400m, limited: limits.memory=1Gi,requests.cpu=1',
    );
    assert.equal((await create("pods", pod("b", sized("600m", "512Mi")))).status, 201);
    assert.equal(await refused("pods", pod("c", sized("0", "0"))), 'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2');
    assert.deepEqual(await used("q"), { pods: "2", "requests.cpu": "1", "limits.memory": "1Gi" });
  });

  it("demands that containers say what is limited", async () => {
    await quota("q", { "limits.cpu": "1", "requests.memory": "1Gi" });
    const spec = { initContainers: [{ name: "i", image: "a", resources: { limits: { cpu: "1" } } }] };
    assert.equal(await refused("pods", pod("p", {}, spec)), 'pods "p" is forbidden: failed quota: q: must specify limits.cpu for: a; requests.memory for: a,i');
  });

  it("refuses while nobody has counted", async () => {
    await server.create(`${NAMESPACE}/resourcequotas`, { metadata: { name: "q" }, spec: { hard: { pods: "2" } } });
    assert.equal((await create("pods", pod("free"))).status, 201);
    await server.request(`PATCH ${NAMESPACE}/resourcequotas/q/status`, { status: { hard: { pods: "2" } } }, MERGE);
    assert.equal(await refused("pods", pod("p")), 'pods "p" is forbidden: status unknown for quota: q, resources: pods');
  });

  it("tries in a dry run, and charges nothing for it or for what fails", async () => {
    await quota("q", { pods: "1" });
    assert.equal((await create("pods", pod("a"), "?dryRun=All")).status, 201);
    assert.deepEqual(await used("q"), { pods: "0" });
    await create("pods", pod("a"));
    await quota("room", { pods: "9" }, {}, { pods: "1" });
    assert.equal((await create("pods", pod("a"))).status, 409);
    assert.deepEqual(await used("room"), { pods: "1" });
    assert.equal((await create("pods", pod("b"), "?dryRun=All")).body.message, 'pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1');
  });

  it("counts objects of any kind", async () => {
    await quota("q", { "count/deployments.apps": "0", configmaps: "1", "count/configmaps": "5" });
    const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "a", image: "a" }] } };
    const deployment = { metadata: { name: "d" }, spec: { selector: { matchLabels: { app: "a" } }, template } };
    const { body } = await server.request("POST /apis/apps/v1/namespaces/default/deployments", deployment);
    assert.equal(body.message, 'deployments.apps "d" is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=0, limited: count/deployments.apps=0');
    await create("configmaps", { metadata: { name: "a" } });
    assert.deepEqual(await used("q"), { "count/deployments.apps": "0", configmaps: "1", "count/configmaps": "1" });
    assert.match(await refused("configmaps", { metadata: { name: "b" } }), /requested: configmaps=1, used: configmaps=1, limited: configmaps=1$/);
  });

  it("charges changes of Services and claims for the difference", async () => {
    await quota("q", { services: "2", "services.nodeports": "2", "requests.storage": "3Gi", "gold.storageclass.storage.k8s.io/requests.storage": "9Gi", persistentvolumeclaims: "1" });
    const service = (type: string) => ({ metadata: { name: "s" }, spec: { type, ports: [{ name: "a", port: 1 }, { name: "b", port: 2 }] } });
    await create("services", service("ClusterIP"));
    assert.equal((await server.request(`PATCH ${NAMESPACE}/services/s`, { spec: { type: "NodePort" } }, MERGE)).status, 200);
    await create("persistentvolumeclaims", { metadata: { name: "c" }, spec: { storageClassName: "gold", accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } } } });
    assert.deepEqual(await used("q"), {
      services: "1",
      "services.nodeports": "2",
      "requests.storage": "2Gi",
      "gold.storageclass.storage.k8s.io/requests.storage": "2Gi",
      persistentvolumeclaims: "1",
    });
  });

  it("concerns only what is in all its scopes", async () => {
    await quota("effortless", { pods: "0" }, { scopes: ["BestEffort"] });
    await quota("short", { pods: "0" }, { scopes: ["Terminating"] });
    assert.match(await refused("pods", pod("a")), /exceeded quota: effortless,/);
    const sized = { requests: { cpu: "1" } };
    assert.equal((await create("pods", pod("a", sized))).status, 201);
    assert.match(await refused("pods", pod("b", sized, { activeDeadlineSeconds: 5 })), /exceeded quota: short,/);
  });

  it("is never exceeded, however many create at once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 12 }), fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 25 }), async (limit, sizes) => {
        const own = await startTestServer();
        const path = `${NAMESPACE}/resourcequotas`;
        const hard = { "requests.cpu": String(limit) };
        await own.create(path, { metadata: { name: "q" }, spec: { hard } });
        await own.request(`PATCH ${path}/q/status`, { status: { hard, used: { "requests.cpu": "0" } } }, MERGE);
        const answers = await Promise.all(sizes.map((cpu, i) => own.request(`POST ${NAMESPACE}/pods`, pod(`p${i}`, { requests: { cpu: String(cpu) } }))));
        const taken = sizes.filter((_, i) => answers[i]!.status === 201).reduce((a, b) => a + b, 0);
        const { body } = await own.request(`GET ${path}/q`);
        await own.close();
        assert.ok(taken <= limit);
        assert.equal(body.status.used["requests.cpu"], String(taken));
        // Nothing was refused that would have fitted at the end.
        for (const [i, { status }] of answers.entries()) if (status === 403) assert.ok(taken + sizes[i]! > limit);
      }),
      { numRuns: 25 },
    );
  });
});
