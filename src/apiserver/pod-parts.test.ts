/** Subresources through which a part of a pod is changed that runs: ephemeral containers, resources. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { startTestServer, type TestServer } from "./testing.ts";

const PODS = "/api/v1/namespaces/default/pods";
const STRATEGIC = { "content-type": "application/strategic-merge-patch+json" };

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
  await server.create(PODS, { metadata: { name: "a" }, spec: { containers: [{ name: "c", image: "i:1", resources: { requests: { cpu: "100m" } } }] } });
});
afterEach(() => server.close());

const read = async () => (await server.request(`GET ${PODS}/a`)).body;

describe("ephemeralcontainers", () => {
  const url = `${PODS}/a/ephemeralcontainers`;

  it("adds containers as kubectl debug does, with their defaults", async () => {
    const patch = { spec: { ephemeralContainers: [{ name: "debugger", image: "busybox", stdin: true, tty: true, targetContainerName: "c" }] } };
    const { status, body } = await server.request(`PATCH ${url}`, patch, STRATEGIC);
    assert.equal(status, 200, body.message);
    assert.deepEqual(body.spec.ephemeralContainers, [
      {
        ...patch.spec.ephemeralContainers[0],
        resources: {},
        terminationMessagePath: "/dev/termination-log",
        terminationMessagePolicy: "File",
        imagePullPolicy: "Always",
      },
    ]);
    assert.deepEqual([body.metadata.generation, (await read()).spec.ephemeralContainers.length], [2, 1]);
    assert.equal((await server.request(`PATCH ${url}`, { spec: { ephemeralContainers: [{ name: "second", image: "busybox" }] } }, STRATEGIC)).body.spec.ephemeralContainers.length, 2);
  });

  it("changes nothing else", async () => {
    const pod = await read();
    pod.spec.containers[0].image = "i:2";
    pod.metadata.labels = { a: "b" };
    pod.spec.ephemeralContainers = [{ name: "d", image: "i" }];
    const { body } = await server.request(`PUT ${url}`, pod);
    assert.deepEqual([body.spec.containers[0].image, body.metadata.labels, body.spec.ephemeralContainers.length], ["i:1", undefined, 1]);
  });

  it("never takes one away, and the pod itself adds none", async () => {
    await server.request(`PATCH ${url}`, { spec: { ephemeralContainers: [{ name: "d", image: "i" }] } }, STRATEGIC);
    const pod = await read();
    delete pod.spec.ephemeralContainers;
    const { status, body } = await server.request(`PUT ${url}`, pod);
    assert.deepEqual([status, body.message], [422, 'Pod "a" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed\n']);
    const added = await server.request(`PATCH ${PODS}/a`, { spec: { ephemeralContainers: [{ name: "e", image: "i" }] } }, STRATEGIC);
    assert.equal(added.status, 422);
    assert.match(added.body.message, /pod updates may not change fields other than/);
  });

  it("warns as for any container", async () => {
    const env = [{ name: "A", value: "1" }, { name: "A", value: "2" }];
    const pod = await read();
    pod.spec.ephemeralContainers = [{ name: "d", image: "i", env }];
    const { headers } = await server.request(`PUT ${url}`, pod);
    assert.match(headers["warning"] ?? "", /spec\.ephemeralContainers\[0\]\.env\[1\]: hides previous definition of \\"A\\"/);
  });
});

describe("resize", () => {
  const url = `${PODS}/a/resize`;
  const resources = (value: object): object => ({ spec: { containers: [{ name: "c", resources: value }] } });

  it("gives the containers of a pod other resources", async () => {
    const { status, body } = await server.request(`PATCH ${url}`, resources({ requests: { cpu: "200m" } }), STRATEGIC);
    assert.deepEqual([status, body.metadata.generation, body.spec.containers[0].resources], [200, 2, { requests: { cpu: "200m" } }]);
    assert.equal((await server.request(`GET ${url}`)).body.kind, "Pod");
  });

  it("refuses what would change the class of the pod's service", async () => {
    const { status, body } = await server.request(`PATCH ${url}`, resources({ limits: { cpu: "100m", memory: "1Gi" }, requests: { memory: "1Gi" } }), STRATEGIC);
    assert.deepEqual([status, body.message], [422, 'Pod "a" is invalid: spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing']);
  });

  it("changes nothing else, and the pod itself changes no resources", async () => {
    const pod = await read();
    pod.spec.containers[0].image = "i:2";
    const resized = await server.request(`PUT ${url}`, pod);
    assert.deepEqual([resized.status, resized.body.spec.containers[0].image, resized.body.metadata.generation], [200, "i:1", 1]);
    assert.equal((await server.request(`PATCH ${PODS}/a`, resources({ requests: { cpu: "200m" } }), STRATEGIC)).status, 422);
  });
});
