/** Clients that nobody here wrote: Prometheus with client-go's informers, and @kubernetes/client-node. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CoordinationV1Api, makeInformer, type V1ConfigMap, type V1Lease } from "@kubernetes/client-node";
import { ClusterApi } from "./support/api.ts";
import { sharedCluster } from "./support/cluster.ts";
import { freePort } from "./support/ports.ts";
import { get } from "./support/shop.ts";
import { until } from "./support/wait.ts";
import { which } from "./support/which.ts";
import { echoDeployment, service } from "./support/workloads.ts";

const cluster = await sharedCluster();
const api = new ClusterApi(cluster.kubeconfig);
const namespace = await api.ownNamespace("clients");
await api.create(namespace, echoDeployment("web", { replicas: 2 }), service("web"));
await api.rolledOut(namespace, "web");

/** A Prometheus with service discovery by Kubernetes, which Debian's package is built without. */
function findPrometheus(): { path: string } | { reason: string } {
  const path = which(process.env["PROMETHEUS"] ?? "prometheus");
  if (path === undefined) return { reason: "there is no Prometheus: set PROMETHEUS to upstream's binary" };
  const directory = mkdtempSync(join(tmpdir(), "tidepool-prometheus-"));
  try {
    const config = join(directory, "prometheus.yml");
    writeFileSync(config, JSON.stringify({ scrape_configs: [{ job_name: "node", kubernetes_sd_configs: [{ role: "node", kubeconfig_file: "/nowhere" }] }] }));
    // It ends at once on a configuration it doesn't know, and otherwise because the address is no address.
    const { stderr } = spawnSync(path, [`--config.file=${config}`, "--web.listen-address=none", `--storage.tsdb.path=${directory}/data`], { encoding: "utf8", timeout: 10_000 });
    if (stderr.includes("kubernetes_sd_configs not found")) return { reason: `${path} is built without kubernetes_sd_configs, as Debian's is: set PROMETHEUS to upstream's binary` };
    return { path };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const prometheus = findPrometheus();

describe("Prometheus' kubernetes_sd_configs", { skip: "reason" in prometheus && prometheus.reason }, () => {
  const ROLES = ["node", "pod", "service", "endpoints", "endpointslice"];
  let directory: string;
  let url: string;
  let child: ChildProcess;

  interface Target {
    discoveredLabels: Record<string, string>;
  }

  /** What it has discovered in this file's namespace (of nodes: all), by role. */
  async function targets(role: string): Promise<Record<string, string>[]> {
    const { body } = await get<{ data: { activeTargets: Target[] } }>(`${url}/api/v1/targets?state=active`);
    return body.data.activeTargets
      .map(({ discoveredLabels }) => discoveredLabels)
      .filter((labels) => labels["job"] === role && (role === "node" || labels["__meta_kubernetes_namespace"] === namespace));
  }

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "tidepool-prometheus-"));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const scrapes = ROLES.map((role) => ({ job_name: role, kubernetes_sd_configs: [{ role, kubeconfig_file: cluster.kubeconfig }] }));
    // JSON is YAML.
    writeFileSync(join(directory, "prometheus.yml"), JSON.stringify({ global: { scrape_interval: "10m" }, scrape_configs: scrapes }));
    child = spawn((prometheus as { path: string }).path, [`--config.file=${directory}/prometheus.yml`, `--storage.tsdb.path=${directory}/data`, `--web.listen-address=127.0.0.1:${port}`], { stdio: "ignore" });
    await until("Prometheus to be ready", async () => (await fetch(`${url}/-/ready`)).ok);
  });

  after(async () => {
    child.kill();
    await new Promise((resolve) => (child.exitCode === null && child.signalCode === null ? child.once("exit", resolve) : resolve(undefined)));
    rmSync(directory, { recursive: true, force: true });
  });

  test("finds the nodes with their labels and addresses", async () => {
    const found = await until("three nodes", async () => (await targets("node")).length === 3 && targets("node"));
    assert.deepEqual(found.map((labels) => labels["__meta_kubernetes_node_name"]!).sort((a, b) => a.localeCompare(b)), ["tidepool-control-plane", "tidepool-worker", "tidepool-worker2"]);
    assert.ok(found.every((labels) => labels["__meta_kubernetes_node_address_InternalIP"]));
  });

  test("finds pods, Services, Endpoints and EndpointSlices, with what they say of themselves", async () => {
    const [pod] = await until("two pods", async () => (await targets("pod")).length === 2 && targets("pod"));
    assert.equal(pod!["__meta_kubernetes_pod_label_app"], "web");
    assert.equal(pod!["__meta_kubernetes_pod_ready"], "true");
    assert.equal(pod!["__meta_kubernetes_pod_controller_kind"], "ReplicaSet");
    const [found] = await until("the Service", async () => (await targets("service")).length === 1 && targets("service"));
    assert.equal(found!["__address__"], `web.${namespace}.svc:80`);
    for (const role of ["endpoints", "endpointslice"]) {
      const addresses = await until(`two ${role}`, async () => (await targets(role)).length === 2 && targets(role));
      assert.ok(addresses.every((labels) => labels["__meta_kubernetes_pod_name"]?.startsWith("web-")));
    }
  });

  test("follows when pods come and go", async () => {
    await api.scale(namespace, "web", 3);
    for (const role of ["pod", "endpoints", "endpointslice"]) await until(`three ${role}`, async () => (await targets(role)).length === 3);
    await api.scale(namespace, "web", 2);
    for (const role of ["pod", "endpoints", "endpointslice"]) await until(`two ${role}`, async () => (await targets(role)).length === 2);
  });
});

describe("@kubernetes/client-node", () => {
  test("an informer sees every change once and in order, over a restart of its watch", async () => {
    const seen: string[] = [];
    const informer = makeInformer<V1ConfigMap>(api.config, `/api/v1/namespaces/${namespace}/configmaps`, () => api.core.listNamespacedConfigMap({ namespace, labelSelector: "for=informer" }), "for=informer");
    const note = (event: string) => (object: V1ConfigMap) => void seen.push(`${event} ${object.metadata!.name} ${object.data?.["n"]}`);
    informer.on("add", note("add"));
    informer.on("update", note("update"));
    informer.on("delete", note("delete"));
    await informer.start();
    after(() => informer.stop());
    const write = { metadata: { name: "counter", labels: { for: "informer" } }, data: { n: "0" } };
    await api.core.createNamespacedConfigMap({ namespace, body: write });
    for (let n = 1; n <= 20; n++) await api.core.replaceNamespacedConfigMap({ name: "counter", namespace, body: { ...write, data: { n: String(n) } } });
    await api.core.deleteNamespacedConfigMap({ name: "counter", namespace });
    await until("the deletion", () => seen.at(-1) === "delete counter 20");
    assert.deepEqual(seen, ["add counter 0", ...Array.from({ length: 20 }, (_, n) => `update counter ${n + 1}`), "delete counter 20"]);
  });

  test("of many who want a Lease one has it, and the next when it lets go", async () => {
    const leases = api.config.makeApiClient(CoordinationV1Api);
    const name = "leader";
    const heldBy = ({ metadata, spec }: V1Lease, holderIdentity: string): V1Lease => ({ metadata: metadata!, spec: { renewTime: spec!.renewTime!, holderIdentity } });
    /** As every leader elector does it: take what nobody holds, with the version that was read. */
    async function tryToAcquire(identity: string): Promise<boolean> {
      const conflict = (error: { code?: number }): false => {
        assert.equal(error.code, 409);
        return false;
      };
      let lease: V1Lease;
      try {
        lease = await leases.readNamespacedLease({ name, namespace });
      } catch {
        return leases.createNamespacedLease({ namespace, body: { metadata: { name }, spec: { holderIdentity: identity } } }).then(() => true, conflict);
      }
      if (lease.spec!.holderIdentity) return lease.spec!.holderIdentity === identity;
      return leases.replaceNamespacedLease({ name, namespace, body: heldBy(lease, identity) }).then(() => true, conflict);
    }
    const contenders = Array.from({ length: 8 }, (_, i) => `contender-${i}`);
    for (let term = 0; term < 5; term++) {
      const leaders = (await Promise.all(contenders.map(async (identity) => ((await tryToAcquire(identity)) ? identity : undefined)))).filter((identity) => identity !== undefined);
      assert.equal(leaders.length, 1, `term ${term}: ${leaders.join(", ")}`);
      const lease = await leases.readNamespacedLease({ name, namespace });
      assert.equal(lease.spec!.holderIdentity, leaders[0]);
      await leases.replaceNamespacedLease({ name, namespace, body: heldBy(lease, "") });
    }
  });
});
