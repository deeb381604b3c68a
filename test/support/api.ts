/** The cluster's API through @kubernetes/client-node: a real client, and there on every machine that has the development dependencies. */
import { Writable } from "node:stream";
import { AppsV1Api, CoreV1Api, DiscoveryV1Api, Exec, KubeConfig, KubernetesObjectApi, PatchStrategy, setHeaderOptions, Watch, type V1EndpointSlice, type V1Pod } from "@kubernetes/client-node";
import { cleanUpShared } from "./cluster.ts";
import { until, type WaitOptions } from "./wait.ts";

export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

export class ClusterApi {
  readonly config = new KubeConfig();
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly discovery: DiscoveryV1Api;
  readonly objects: KubernetesObjectApi;

  constructor(kubeconfig: string) {
    this.config.loadFromFile(kubeconfig);
    this.core = this.config.makeApiClient(CoreV1Api);
    this.apps = this.config.makeApiClient(AppsV1Api);
    this.discovery = this.config.makeApiClient(DiscoveryV1Api);
    this.objects = KubernetesObjectApi.makeApiClient(this.config);
  }

  /** A namespace of the file's own, deleted after its tests. */
  async ownNamespace(name: string): Promise<string> {
    await this.core.createNamespace({ body: { metadata: { name } } });
    cleanUpShared(() => this.core.deleteNamespace({ name }));
    return name;
  }

  async create(namespace: string, ...objects: object[]): Promise<void> {
    for (const object of objects as { metadata: object }[]) await this.objects.create({ ...object, metadata: { ...object.metadata, namespace } });
  }

  /** The pods of a label selector that are not on their way out. */
  async pods(namespace: string, labelSelector?: string): Promise<V1Pod[]> {
    const { items } = await this.core.listNamespacedPod({ namespace, ...(labelSelector === undefined ? {} : { labelSelector }) });
    return items.filter((pod) => pod.metadata!.deletionTimestamp === undefined);
  }

  /** Waits until the pod is ready, and returns it. */
  readyPod(namespace: string, name: string, options: WaitOptions = { timeoutMs: 30_000 }): Promise<V1Pod> {
    return until(`pod ${name} to be ready`, async () => {
      const pod = await this.core.readNamespacedPod({ namespace, name });
      return isReady(pod) && pod;
    }, options);
  }

  /** Waits until every replica runs the current template and is available, and every other pod is gone: one on its way out still answers on the connections it has. */
  async rolledOut(namespace: string, name: string, options: WaitOptions = { timeoutMs: 60_000 }): Promise<void> {
    await until(`deployment ${name} to be rolled out`, async () => {
      const { status = {}, spec, metadata } = await this.apps.readNamespacedDeployment({ namespace, name });
      const wanted = spec!.replicas ?? 1;
      if ((status.observedGeneration ?? 0) < metadata!.generation! || status.updatedReplicas !== wanted || status.availableReplicas !== wanted) return false;
      const labelSelector = Object.entries(spec!.selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`).join(",");
      const { items } = await this.core.listNamespacedPod({ namespace, labelSelector });
      return items.length === wanted;
    }, options);
  }

  /** What `kubectl set image` does. */
  async setImage(namespace: string, name: string, image: string): Promise<void> {
    const { spec } = await this.apps.readNamespacedDeployment({ namespace, name });
    const container = spec!.template.spec!.containers[0]!.name;
    await this.apps.patchNamespacedDeployment(
      { namespace, name, body: { spec: { template: { spec: { containers: [{ name: container, image }] } } } } },
      setHeaderOptions("content-type", PatchStrategy.StrategicMergePatch),
    );
  }

  /** What `kubectl scale` does. */
  async scale(namespace: string, name: string, replicas: number): Promise<void> {
    await this.apps.patchNamespacedDeploymentScale({ namespace, name, body: { spec: { replicas } } }, setHeaderOptions("content-type", PatchStrategy.MergePatch));
    await this.rolledOut(namespace, name);
  }

  /** Runs a command in the pod's container; the name may be left out where there is one. */
  exec(namespace: string, pod: string, command: string[], container = ""): Promise<ExecResult> {
    const output = { stdout: "", stderr: "" };
    const into = (name: "stdout" | "stderr"): Writable =>
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          output[name] += chunk.toString();
          done();
        },
      });
    return new Promise((resolve, reject) => {
      new Exec(this.config)
        .exec(namespace, pod, container, command, into("stdout"), into("stderr"), null, false, ({ status, message, details }) => {
          if (status === "Success") return resolve({ code: 0, ...output });
          const code = details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
          if (code === undefined) return reject(new Error(`exec in ${pod}: ${message}`));
          resolve({ code: Number(code), ...output });
        })
        // The WebSocket's own error event, where the upgrade was refused.
        .catch((error: { message?: string }) => reject(error instanceof Error ? error : new Error(`exec in ${pod}: ${error.message}`)));
    });
  }

  /** Evaluates the body of an async function with Node in the pod; returns what it returns. */
  async evaluate(namespace: string, pod: string, body: string, container = ""): Promise<unknown> {
    const script = `(async () => { ${body} })().then((v) => console.log(JSON.stringify(v ?? null)), (e) => { console.error(e); process.exit(1) })`;
    const { code, stdout, stderr } = await this.exec(namespace, pod, ["node", "-e", script], container);
    if (code !== 0) throw new Error(`in ${pod}: exit code ${code}\n${stderr}`);
    return JSON.parse(stdout) as unknown;
  }

  async endpoints(namespace: string, service: string): Promise<string[]> {
    const { items } = await this.discovery.listNamespacedEndpointSlice({ namespace, labelSelector: `kubernetes.io/service-name=${service}` });
    return readyAddresses(items);
  }

  /** Collects every state of a Service's EndpointSlices from now on; `stop` ends it. */
  async watchEndpoints(namespace: string, service: string): Promise<{ states: string[][]; stop: () => void }> {
    const slices = new Map<string, V1EndpointSlice>();
    const states: string[][] = [];
    const controller = await new Watch(this.config).watch(
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      { labelSelector: `kubernetes.io/service-name=${service}` },
      (type: string, slice: V1EndpointSlice) => {
        if (type === "DELETED") slices.delete(slice.metadata!.name!);
        else slices.set(slice.metadata!.name!, slice);
        states.push(readyAddresses([...slices.values()]));
      },
      () => undefined,
    );
    return { states, stop: () => controller.abort() };
  }
}

export function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

function readyAddresses(slices: V1EndpointSlice[]): string[] {
  return slices
    .flatMap(({ endpoints = [] }) => endpoints)
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses)
    .sort();
}
