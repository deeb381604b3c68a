/**
 * A cluster for scenarios: an API server, the controllers, the scheduler, and kubelets that do what
 * they are told. Time stands still; {@link TestCluster.stabilize} runs until nothing changes.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { every, FakeClock, toMicroTime, toTime } from "#lib/clock.ts";
import { silentLogger, type Logger } from "#lib/log.ts";
import { bodyText, type HttpHandler, type HttpRequest, type HttpResponse } from "#lib/http.ts";
import { seededRng, type Rng } from "#lib/random.ts";
import { StatusError } from "#api/errors.ts";
import { controllerOf, deployments, leases, namespaces, nodes, pods, replicaSets, type Resource } from "#api/resources.ts";
import type { Deployment, KubeObject, Pod } from "#api/types.ts";
import { Client, type New } from "#client/client.ts";
import { Informers } from "#client/informer.ts";
import { createApiServer, type ApiServer } from "#apiserver/apiserver.ts";
import { reconcilePolicy } from "#apiserver/authorization/bootstrap-policy/reconcile.ts";
import { componentUser, serviceAccountUser, systemUser, type User } from "#apiserver/user.ts";
import { memoryDriver, openStore, type Store } from "#store/index.ts";
import { startScheduler, type Scheduler } from "#scheduler/scheduler.ts";
import { startControllers, type Controllers } from "../index.ts";
import { isReady } from "../common/pods.ts";

export interface TestClusterOptions {
  nodes?: number;
  log?: Logger;
  seed?: number;
}

const MANAGER = componentUser("system:kube-controller-manager");
const SCHEDULER = componentUser("system:kube-scheduler");
const { privateKey: SERVICE_ACCOUNT_KEY } = generateKeyPairSync("ec", { namedCurve: "P-256" });

export class TestCluster {
  readonly clock = new FakeClock();
  readonly rng: Rng;
  readonly client: Client;
  readonly informers: Informers;
  readonly #schedulerInformers: Informers;
  /** What components were forbidden; there should be none. */
  readonly refusals: string[] = [];
  readonly #log: Logger;
  readonly #store: Store;
  readonly #api: ApiServer;
  #controllers: Controllers | undefined;
  #scheduler: Scheduler | undefined;
  #directory = "";
  #stopHeartbeats: (() => void) | undefined;
  /** Images whose containers never become ready. */
  readonly brokenImages = new Set<string>();
  /** Nodes whose kubelet does nothing any more. */
  readonly deadNodes = new Set<string>();
  /** Called after every step of {@link stabilize}: what must hold at all times. */
  readonly invariants: (() => Promise<void> | void)[] = [];
  /** Called before every request of controllers, scheduler and informers (not of the test itself): may refuse it, or let it happen and lose the answer. */
  intercept: (method: string, url: string) => "refuse" | "lose the answer" | undefined = () => undefined;

  constructor({ log = silentLogger, seed = 7 }: TestClusterOptions = {}) {
    this.#log = log;
    this.rng = seededRng(seed);
    this.#store = openStore({ driver: memoryDriver() });
    this.#api = createApiServer({
      store: this.#store,
      clock: this.clock,
      rng: this.rng,
      log,
      nodeConnector: () => undefined,
      serviceAccountKey: SERVICE_ACCOUNT_KEY,
    });
    this.client = new Client(this.#api.handlerFor(systemUser("system:test")), "test");
    this.informers = new Informers(this.#clientOf(MANAGER), { clock: this.clock, log });
    this.#schedulerInformers = new Informers(this.#clientOf(SCHEDULER), { clock: this.clock, log });
  }

  /** The API as a component sees it: with its rights alone, and the test's faults. */
  #clientOf(user: User): Client {
    const handler = this.#api.handlerFor(user);
    const intercepted: HttpHandler = async (request) => {
      const fault = this.intercept(request.method, request.url);
      if (fault === "refuse") throw new StatusError(500, "InternalError", "a fault of the test");
      const response = await handler(request);
      if (response.status === 403) await this.#noteRefusal(user, request, response);
      if (fault === "lose the answer") throw new Error("a fault of the test: the answer is lost");
      return response;
    };
    return new Client(intercepted, "test");
  }

  /** What a component may not do it should not try: a missing right is a fault, here or in its role. */
  async #noteRefusal({ name }: User, { method, url }: HttpRequest, { body }: HttpResponse): Promise<void> {
    const text = await bodyText(body);
    if (/cannot \w+ (resource|path)|attempting to grant/.test(text)) this.refusals.push(`${name}: ${method} ${url}: ${text}`);
  }

  /** The API as someone else sees it. */
  as(user: User): Client {
    return new Client(this.#api.handlerFor(user), "test");
  }

  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(options);
    cluster.#directory = await mkdtemp(join(tmpdir(), "tidepool-volumes-"));
    for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"]) await cluster.client.create(namespaces, { metadata: { name } });
    await reconcilePolicy(cluster.#api.handlerFor(systemUser("system:apiserver")));
    for (let i = 1; i <= (options.nodes ?? 3); i++) await cluster.addNode(`node-${i}`);
    await cluster.#heartbeat();
    cluster.#stopHeartbeats = every(cluster.clock, 10_000, () => void cluster.#heartbeat());
    const { informers, clock, rng } = cluster;
    const clientFor = (serviceAccount: string): Client => cluster.#clientOf(serviceAccountUser("kube-system", serviceAccount));
    const context = { clientFor, informers, clock, rng, log: cluster.#log };
    cluster.#controllers = startControllers({
      ...context,
      client: cluster.#clientOf(MANAGER),
        caBundle: "CA",
      issueToken: (account, secretName) => cluster.#api.issueSecretToken(account, secretName),
      signCertificate: async (certificate) => (await import("#apiserver/pki/certificate.ts")).signRequest(certificate, { subject: { commonName: "kubernetes" }, key: SERVICE_ACCOUNT_KEY }),
      volumesDirectory: cluster.#directory,
    });
    cluster.#scheduler = startScheduler({ ...context, client: cluster.#clientOf(SCHEDULER), informers: cluster.#schedulerInformers });
    await cluster.settle();
    return cluster;
  }

  /** The version of the last write. */
  get version(): number {
    return this.#store.revision;
  }

  async addNode(name: string): Promise<void> {
    await this.client.create(nodes, {
      metadata: { name, labels: { "kubernetes.io/hostname": name } },
      status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110" }, conditions: [{ type: "Ready", status: "True" }] },
    } as New<KubeObject>);
  }

  /** Every living node says so. */
  async #heartbeat(): Promise<void> {
    const renewTime = toMicroTime(this.clock.now());
    for (const { metadata } of (await this.client.list(nodes)).items) {
      const name = metadata.name!;
      if (this.deadNodes.has(name)) continue;
      const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime };
      const lease = await this.client.find(leases, name, "kube-node-lease");
      if (lease) await this.client.update(leases, { ...lease, spec });
      else await this.client.create(leases, { metadata: { name, namespace: "kube-node-lease" }, spec });
    }
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: object): Promise<T> {
    return this.client.create(resource, object as New<T>);
  }

  async pods(namespace = "default"): Promise<Pod[]> {
    return (await this.client.list(pods, { namespace })).items;
  }

  /** Runs kubelets and controllers until nothing changes any more. */
  async stabilize(): Promise<void> {
    for (let round = 0; round < 500; round++) {
      const before = this.version;
      await this.settle();
      await this.#kubelets();
      await this.settle();
      for (const invariant of this.invariants) await invariant();
      if (this.version === before) return;
    }
    throw new Error("the cluster does not come to rest");
  }

  /** Lets controllers act on what happened, without kubelets. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const before = this.version;
      // Back-offs after conflicts are a few milliseconds.
      await this.clock.advance(40);
      await this.#controllers!.whenIdle();
      await this.#scheduler!.whenIdle();
      quiet = this.version === before ? quiet + 1 : 0;
    }
  }

  /** One step of every pod. */
  async #kubelets(): Promise<void> {
    for (const pod of (await this.client.list(pods)).items) {
      if (!(await this.stepPod(pod))) continue;
      await this.settle();
      for (const invariant of this.invariants) await invariant();
    }
  }

  /** What a living node's kubelet does next with a pod: start it and make it ready, or finish its deletion; false for nothing. */
  async stepPod(pod: Pod): Promise<boolean> {
    const { nodeName } = pod.spec;
    if (!nodeName || this.deadNodes.has(nodeName) || !(await this.client.find(nodes, nodeName))) return false;
    if (pod.metadata.deletionTimestamp) await this.client.delete(pods, pod.metadata.name!, pod.metadata.namespace, { gracePeriodSeconds: 0 });
    else if (pod.status?.phase === "Pending") await this.setReady(pod, !pod.spec.containers.some(({ image }) => this.brokenImages.has(image ?? "")));
    else return false;
    return true;
  }

  /** Reports the pod as running, ready or not. */
  async setReady(pod: Pod, ready: boolean): Promise<void> {
    const octet = parseInt(pod.metadata.uid!.slice(0, 4), 16);
    const status = {
      phase: "Running",
      podIP: `10.244.${octet >> 8}.${octet & 255}`,
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: toTime(this.clock.now()) },
      ],
    };
    await this.client.patch(pods, { name: pod.metadata.name!, namespace: pod.metadata.namespace, subresource: "status" }, "merge", { status });
  }

  /** Changes an object whatever its version, as a patch would. */
  async edit<T extends KubeObject & { status?: unknown }>(resource: Resource<T>, name: string, change: (object: T) => void, namespace = "default"): Promise<T> {
    const object = await this.client.get(resource, name, resource.namespaced ? namespace : undefined);
    const copy = structuredClone(object);
    change(copy);
    delete copy.metadata.resourceVersion;
    delete copy.status;
    return this.client.update(resource, copy);
  }

  /** The sizes of a Deployment's ReplicaSets, by revision. */
  async replicaSetsOf(deployment: Deployment): Promise<Record<string, number>> {
    const owned = (await this.client.list(replicaSets, { namespace: "default" })).items.filter((r) => controllerOf(r)?.uid === deployment.metadata.uid);
    return Object.fromEntries(owned.map((r) => [r.metadata.annotations!["deployment.kubernetes.io/revision"], r.spec.replicas!]));
  }

  deployment(name: string): Promise<Deployment> {
    return this.client.get(deployments, name, "default");
  }

  async readyCount(): Promise<number> {
    return (await this.pods()).filter((pod) => isReady(pod) && !pod.metadata.deletionTimestamp).length;
  }

  async stop(): Promise<void> {
    this.#stopHeartbeats?.();
    await this.#scheduler?.stop();
    await this.#controllers?.stop();
    await Promise.all([this.informers.stop(), this.#schedulerInformers.stop()]);
    await this.#api.close();
    await this.#store.close();
    await rm(this.#directory, { recursive: true, force: true });
    assert.deepEqual(this.refusals, [], "components tried what their roles don't allow");
  }
}
