/** The manifests fit together and fit the services, as far as that can be told without a cluster. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { SERVICES } from "../bundle.ts";
import { SCHEMAS } from "../database-setup.ts";
import { query, startPostgres } from "./postgres.ts";

const root = join(import.meta.dirname, "../../..");
const base = join(root, "kustomize/shop/base");

interface Manifest {
  kind: string;
  metadata: { name: string };
  // Manifests are looked into by path; their types belong to the cluster.
  spec: Record<string, never> & { template: { spec: PodSpec; metadata: { labels: Record<string, string> } }; selector: Record<string, string>; ports: { name: string; port: number; targetPort: string }[]; replicas: number; strategy: object };
  data: Record<string, string>;
  stringData: Record<string, string>;
}
interface PodSpec {
  serviceAccountName: string;
  terminationGracePeriodSeconds: number;
  containers: { image: string; ports: { name: string }[]; envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[]; lifecycle: { preStop: { exec: { command: string[] } } } }[];
}

const read = (file: string): Manifest[] => parseAllDocuments(readFileSync(join(base, file), "utf8")).map((document) => document.toJS() as Manifest);
const [kustomization] = read("kustomization.yaml") as unknown as { resources: string[] }[];
const manifests = kustomization!.resources.flatMap(read);
const find = (kind: string, name: string): Manifest => {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  assert.ok(found, `there is no ${kind} ${name}`);
  return found;
};

test("every service is deployed as the issue says", () => {
  const replicas = Object.fromEntries(SERVICES.map((service) => [service, find("Deployment", service).spec.replicas]));
  assert.deepEqual(replicas, { frontend: 2, "api-gateway": 2, "order-service": 3, "inventory-service": 2, "user-service": 2 });
  for (const service of SERVICES) {
    const { spec } = find("Deployment", service);
    assert.deepEqual(spec.strategy, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
    assert.equal(spec.template.spec.containers[0]!.image, `localhost:5002/shop/${service}:v1`);
    assert.equal(spec.template.metadata.labels.version, "v1");
    const image = JSON.parse(readFileSync(join(root, "apps/shop", service, "image.json"), "utf8")) as { image: string };
    assert.equal(image.image, `shop/${service}`);
  }
});

test("what a pod refers to exists, and Services reach ports that pods have", () => {
  for (const manifest of manifests) {
    const pod = manifest.spec?.template?.spec;
    if (!pod) continue;
    find("ServiceAccount", pod.serviceAccountName);
    for (const { configMapRef, secretRef } of pod.containers[0]!.envFrom ?? []) {
      if (configMapRef) find("ConfigMap", configMapRef.name);
      if (secretRef) find("Secret", secretRef.name);
    }
  }
  for (const service of manifests.filter(({ kind }) => kind === "Service")) {
    const target = manifests.find((manifest) => manifest.spec?.template?.metadata.labels.app === service.spec.selector.app);
    assert.ok(target, `Service ${service.metadata.name} selects nothing`);
    for (const { targetPort } of service.spec.ports) assert.ok(target.spec.template.spec.containers[0]!.ports.some(({ name }) => name === targetPort), `${service.metadata.name}: ${targetPort}`);
  }
  for (const url of Object.values(find("ConfigMap", "backends").data)) find("Service", new URL(url).hostname);
});

test("a pod has time to leave: preStop, drain, requests in flight", () => {
  const drainMs = Number(find("ConfigMap", "shop").data.DRAIN_MS);
  for (const service of SERVICES) {
    const pod = find("Deployment", service).spec.template.spec;
    const [, seconds] = pod.containers[0]!.lifecycle.preStop.exec.command;
    assert.ok(Number(seconds) * 1_000 + drainMs + 10_000 < pod.terminationGracePeriodSeconds * 1_000, service);
  }
});

test("the services' passwords are those the database sets up, and those of the bare shop", () => {
  const setUp = find("Secret", "postgres").stringData;
  for (const [service, { role, password }] of Object.entries(SCHEMAS)) {
    const { PGUSER, PGPASSWORD } = find("Secret", `${service}-database`).stringData;
    assert.deepEqual([PGUSER, PGPASSWORD], [role, password]);
    assert.equal(setUp[`${role.toUpperCase()}_PASSWORD`], password);
  }
});

test("the set-up script makes a schema and a role of its own for every service", async () => {
  const postgres = await startPostgres();
  after(() => postgres.stop());
  const directory = mkdtempSync(join(tmpdir(), "shop-init-"));
  after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "init.sh"), find("ConfigMap", "postgres-init").data["10-schemas.sh"]!);
  // The psql that the embedded database's image brings.
  writeFileSync(join(directory, "psql"), `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${join(root, "apps/postgres/src/main.ts")}' psql "$@"\n`, { mode: 0o755 });
  const url = new URL(postgres.url);
  execFileSync("/bin/sh", [join(directory, "init.sh")], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: `${directory}:${process.env.PATH}`, PGHOST: url.hostname, PGPORT: url.port, POSTGRES_USER: "postgres", POSTGRES_DB: "shop", ...find("Secret", "postgres").stringData },
  });
  for (const { schema, role } of Object.values(SCHEMAS)) {
    const own = new URL(postgres.url);
    own.username = role;
    assert.deepEqual(await query(own.href, "select current_schema() as schema"), [{ schema }]);
    await query(own.href, "create table mine (id integer)");
    await assert.rejects(query(own.href, "create table public.theirs (id integer)"), /permission denied/);
    for (const other of Object.values(SCHEMAS).filter((candidate) => candidate.schema !== schema)) {
      await assert.rejects(query(own.href, `create table ${other.schema}.theirs (id integer)`), /permission denied/);
    }
  }
});
