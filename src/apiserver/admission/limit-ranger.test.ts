import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { startTestServer, type TestServer } from "../testing.ts";

const NAMESPACE = "/api/v1/namespaces/default";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server.close());

const limits = (...items: object[]) => server.create(`${NAMESPACE}/limitranges`, { metadata: { name: "l" }, spec: { limits: items } });
const pod = (...resources: object[]) => ({ metadata: { name: "p" }, spec: { containers: resources.map((own, i) => ({ name: "abc"[i], image: "a", resources: own })) } });

async function refused(plural: string, object: object): Promise<string> {
  const { status, body } = await server.request(`POST ${NAMESPACE}/${plural}`, object);
  assert.equal(status, 403);
  return body.message as string;
}

describe("LimitRanger", () => {
  it("gives containers what they leave open, and says so", async () => {
    await limits({ type: "Container", default: { cpu: "500m", memory: "1Gi" }, defaultRequest: { cpu: "100m", memory: "1Gi" } });
    const { body } = await server.request(`POST ${NAMESPACE}/pods`, pod({}, { limits: { cpu: "2" }, requests: { cpu: "1" } }));
    assert.deepEqual(
      body.spec.containers.map(({ resources }: { resources: object }) => resources),
      [
        { limits: { cpu: "500m", memory: "1Gi" }, requests: { cpu: "100m", memory: "1Gi" } },
        { limits: { cpu: "2", memory: "1Gi" }, requests: { cpu: "1", memory: "1Gi" } },
      ],
    );
    assert.equal(
      body.metadata.annotations["kubernetes.io/limit-ranger"],
      "LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit for container a; memory request for container b; memory limit for container b",
    );
  });

  it("holds containers to a minimum, a maximum and a ratio", async () => {
    const own = (requests: object, maximum: object) => pod({ requests, limits: maximum });
    await limits({ type: "Container", min: { cpu: "100m" }, max: { cpu: "2" }, maxLimitRequestRatio: { cpu: "4" }, default: { cpu: "1" }, defaultRequest: { cpu: "500m" } });
    const cases: [object, string][] = [
      [own({ cpu: "50m" }, { cpu: "100m" }), "minimum cpu usage per Container is 100m, but request is 50m"],
      [own({ cpu: "1" }, { cpu: "3" }), "maximum cpu usage per Container is 2, but limit is 3"],
      [own({ cpu: "100m" }, { cpu: "1" }), "cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000"],
      [own({ cpu: "50m" }, { cpu: "3" }), "[minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 2, but limit is 3, cpu max limit to request ratio per Container is 4, but provided ratio is 60.000000]"],
    ];
    for (const [sent, why] of cases) assert.equal(await refused("pods", sent), `pods "p" is forbidden: ${why}`);
  });

  it("holds pods to the sum of their containers", async () => {
    await limits({ type: "Pod", max: { memory: "1Gi" } });
    const half = { limits: { memory: "600Mi" }, requests: { memory: "1Mi" } };
    assert.equal(await refused("pods", pod(half, half)), 'pods "p" is forbidden: maximum memory usage per Pod is 1Gi, but limit is 1200Mi');
    assert.equal(await refused("pods", pod({})), 'pods "p" is forbidden: maximum memory usage per Pod is 1Gi.  No limit is specified');
    assert.equal((await server.request(`POST ${NAMESPACE}/pods`, pod(half))).status, 201);
  });

  it("holds claims to sizes", async () => {
    await limits({ type: "PersistentVolumeClaim", min: { storage: "1Gi" }, max: { storage: "2Gi" } });
    const claim = (storage: string) => ({ metadata: { name: "c" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } } });
    assert.equal(await refused("persistentvolumeclaims", claim("1Mi")), 'persistentvolumeclaims "c" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi');
    assert.equal(await refused("persistentvolumeclaims", claim("3Gi")), 'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi');
    assert.equal((await server.request(`POST ${NAMESPACE}/persistentvolumeclaims`, claim("1Gi"))).status, 201);
  });
});
