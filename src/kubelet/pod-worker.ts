/**
 * One pod on this node, from its set-up to its removal. `sync` looks at the whole state, plans, acts
 * and reports; it is called whenever anything may have changed and is cheap when nothing has.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/pod_workers.go
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { toTime } from "#lib/clock.ts";
import { errorMessage } from "#lib/log.ts";
import { isConflict, isNotFound } from "#api/errors.ts";
import { persistentVolumeClaims, persistentVolumes, pods } from "#api/resources.ts";
import type { Container, Pod, PodStatus } from "#api/types.ts";
import type { NetworkPod } from "#net/network.ts";
import { hostname } from "./container-config.ts";
import { ContainerWorker, type Surroundings } from "./container-worker.ts";
import { readConfiguration } from "./configuration.ts";
import { referenceKeys } from "./reference-watch.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { planPod, restartPolicy, type ContainerKind, type Plan } from "./plan.ts";
import { podStatus } from "./status.ts";
import { PodTokens } from "./tokens.ts";
import { unsupportedFields } from "./unsupported.ts";
import { MountError, refreshVolumes, setUpVolumes, type VolumeContext } from "./volumes.ts";

/** Set-up is tried again after this long, doubling up to the maximum. */
const SETUP_RETRY_MS = 500;
const SETUP_RETRY_MAX_MS = 20_000;
/** Mounted files that could not be renewed are tried again after this long. */
const REFRESH_RETRY_MS = 10_000;
/**
 * A deleted pod stays in the API server for at least this long. `kubectl delete` looks at the pod, lists it, and
 * waits for it to be missing from its copy, which it examines every 100 ms: when a StatefulSet has replaced the
 * pod in between, it waits for the end of the new one. Upstream nothing ends that fast.
 */
const MINIMUM_TERMINATION_MS = 300;
const DEADLINE_EXCEEDED = { reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline" };

export class PodWorker {
  readonly uid: string;
  readonly #context: KubeletContext;
  readonly #changed: () => void;
  readonly #directory: string;
  readonly #containers: ContainerWorker[];
  readonly #around: Surroundings;
  readonly #tokens: PodTokens;
  readonly #startTime: string;
  #pod: Pod;
  /** Gone from the API server, which therefore needs no more news of it. */
  #removed = false;
  #sandbox: { state: "absent" | "starting" | "ready"; ip?: string; volumes: Map<string, string> };
  #setUpFailures = 0;
  #setUpRetryAtMs = 0;
  #setUpError = "";
  #refused = false;
  #failure: typeof DEADLINE_EXCEEDED | undefined;
  #networkDown = false;
  #finished = false;
  #deletionSeenAtMs: number | undefined;
  #reported: PodStatus | undefined;
  #stale = false;
  #refreshFailedAtMs: number | undefined;

  /** `changed` asks for a sync. */
  constructor(context: KubeletContext, pod: Pod, changed: () => void) {
    this.#context = context;
    this.#pod = pod;
    this.#changed = changed;
    this.uid = pod.metadata.uid!;
    this.#directory = join(context.podsDirectory, this.uid);
    this.#tokens = new PodTokens(context.client, context.clock, pod);
    this.#startTime = pod.status?.startTime ?? toTime(context.clock.now());
    this.#sandbox = { state: "absent", ...(pod.status?.podIP ? { ip: pod.status.podIP } : {}), volumes: new Map() };
    this.#reported = pod.status;
    this.#around = {
      pod: () => this.#pod,
      podDirectory: this.#directory,
      podIP: () => this.#sandbox.ip ?? "",
      volumes: () => this.#sandbox.volumes,
      configuration: () => readConfiguration(context.client, this.#pod),
      changed,
    };
    this.#containers = [
      ...(pod.spec.initContainers ?? []).map((spec) => this.#containerWorker(spec, spec.restartPolicy === "Always" ? "sidecar" : "init")),
      ...pod.spec.containers.map((spec) => this.#containerWorker(spec, "regular")),
    ];
    this.#takeEphemeral();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get ip(): string | undefined {
    return this.#sandbox.ip;
  }

  /** Everything of it is gone; the worker can be forgotten. */
  get finished(): boolean {
    return this.#finished;
  }

  container(name: string): ContainerWorker | undefined {
    return this.#containers.find((container) => container.spec.name === name);
  }

  /** The pod as the API server has it now; `removed` once it has it no longer. */
  update(pod: Pod, removed: boolean): void {
    // Files of the downward API are made of these.
    const { labels, annotations } = this.#pod.metadata;
    if (!isDeepStrictEqual([pod.metadata.labels, pod.metadata.annotations], [labels, annotations])) this.#stale = true;
    this.#pod = pod;
    for (const spec of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) this.container(spec.name)?.redefine(spec);
    this.#takeEphemeral();
    this.#removed ||= removed;
    this.#changed();
  }

  /** Whether it refers to a ConfigMap or Secret. */
  refersTo(reference: string): boolean {
    return referenceKeys(this.#pod).includes(reference);
  }

  /** Something it refers to has changed. */
  invalidate(): void {
    this.#stale = true;
    this.#setUpRetryAtMs = 0;
    for (const container of this.#containers) container.retryNow();
    this.#changed();
  }

  /** Brings the pod in line with its spec; resolves to the time of the next sync that nothing else asks for. */
  async sync(): Promise<number | undefined> {
    const { clock } = this.#context;
    this.#checkDeadline();
    const terminating = this.#terminating;
    if (!terminating && this.#refuse()) {
      await this.#report(false);
      return this.#deadlineMs;
    }
    if (!terminating && this.#sandbox.state !== "ready") {
      const retryAtMs = await this.#setUp();
      if (retryAtMs !== undefined) {
        await this.#report(false);
        return earliest(retryAtMs, this.#deadlineMs);
      }
    }
    if (!terminating) await this.#refresh();
    const plan = planPod({ restartPolicy: restartPolicy(this.#pod), terminating, containers: this.#containers.map(({ view }) => view) }, clock.now());
    const wakeAtMs = this.#act(plan);
    const gone = this.#removed || this.#pod.metadata.deletionTimestamp !== undefined;
    if (gone) this.#deletionSeenAtMs ??= clock.now();
    await this.#report(plan.finished && gone);
    if (plan.finished) {
      const endAtMs = this.#removed ? 0 : (this.#deletionSeenAtMs ?? -Infinity) + MINIMUM_TERMINATION_MS;
      if (clock.now() < endAtMs) return endAtMs;
      await this.#tearDown(gone);
    }
    return earliest(wakeAtMs, plan.wakeAtMs, ...(terminating ? [] : [this.#refreshAtMs, this.#deadlineMs]));
  }

  /** Stops all containers within a time, for the end of the node. */
  async shutDown(withinMs: number): Promise<void> {
    const graceMs = Math.min((this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000, withinMs);
    await Promise.all(this.#containers.map((container) => container.shutDown(graceMs)));
    // Whoever looks before the next kubelet does must not find it ready.
    if (this.#terminating) return;
    try {
      await this.#report(false);
    } catch (error) {
      this.#context.log.warn(`the last status of ${this.#pod.metadata.namespace}/${this.#pod.metadata.name} was not written`, { error: errorMessage(error) });
    }
  }

  /** Ends its timers and leaves everything running. */
  detach(): void {
    for (const container of this.#containers) container.detach();
  }

  #containerWorker(spec: Container, kind: ContainerKind): ContainerWorker {
    const records = this.#context.runtime
      .list()
      .filter(({ config }) => config.pod.uid === this.uid && config.name === spec.name)
      .sort((a, b) => a.config.attempt - b.config.attempt);
    return new ContainerWorker(this.#context, this.#around, spec, kind, records);
  }

  /** Ephemeral containers are only ever added. */
  #takeEphemeral(): void {
    for (const spec of this.#pod.spec.ephemeralContainers ?? []) {
      if (!this.container(spec.name)) this.#containers.push(this.#containerWorker(spec, "ephemeral"));
    }
  }

  get #terminating(): boolean {
    const phase = this.#pod.status?.phase;
    return this.#removed || this.#failure !== undefined || this.#pod.metadata.deletionTimestamp !== undefined || phase === "Succeeded" || phase === "Failed";
  }

  /** The end of the time in which the pod may be active on the node. */
  get #deadlineMs(): number | undefined {
    const { activeDeadlineSeconds } = this.#pod.spec;
    return activeDeadlineSeconds === undefined ? undefined : Date.parse(this.#startTime) + activeDeadlineSeconds * 1000;
  }

  #checkDeadline(): void {
    if (this.#terminating || (this.#deadlineMs ?? Infinity) > this.#context.clock.now()) return;
    this.#failure = DEADLINE_EXCEEDED;
    this.#context.recorder.event(this.#pod, "Normal", DEADLINE_EXCEEDED.reason, DEADLINE_EXCEEDED.message);
  }

  /** A pod that asks for what this node lacks gets no containers, and an event that says why. */
  #refuse(): boolean {
    if (this.#containers.some(({ last }) => last)) return false;
    const refused = unsupportedFields(this.#pod);
    if (refused.length > 0 && !this.#refused) {
      this.#refused = true;
      for (const container of this.#containers) container.refuse(refused.join("; "));
      this.#context.recorder.event(this.#pod, "Warning", "Failed", `Error: ${refused.join("; ")}`);
    }
    return refused.length > 0;
  }

  /** Network and volumes. Resolves to the time of the next try when it can't be done yet. */
  async #setUp(): Promise<number | undefined> {
    const { clock, network, recorder } = this.#context;
    if (this.#setUpRetryAtMs > clock.now()) return this.#setUpRetryAtMs;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    try {
      const { ip } = await network.setup(this.#networkPod());
      this.#sandbox.ip = ip;
      this.#sandbox.volumes = await setUpVolumes(await this.#volumeContext());
      this.#sandbox.state = "ready";
      return undefined;
    } catch (error) {
      const message = errorMessage(error);
      const isMount = error instanceof MountError;
      // Said once, not at every try.
      if (message !== this.#setUpError) {
        recorder.event(this.#pod, "Warning", isMount ? "FailedMount" : "FailedCreatePodSandBox", isMount ? message : `Failed to create pod sandbox: ${message}`);
      }
      this.#setUpError = message;
      this.#setUpRetryAtMs = clock.now() + Math.min(SETUP_RETRY_MS * 2 ** this.#setUpFailures++, SETUP_RETRY_MAX_MS);
      return this.#setUpRetryAtMs;
    }
  }

  #networkPod(): NetworkPod {
    const { metadata, spec } = this.#pod;
    return {
      uid: this.uid,
      namespace: metadata.namespace!,
      name: metadata.name!,
      nodeName: this.#context.nodeName,
      hostname: hostname(this.#pod),
      subdomain: spec.subdomain,
      serviceAccountName: spec.serviceAccountName ?? "default",
      labels: metadata.labels ?? {},
      hostNetwork: spec.hostNetwork,
      dnsPolicy: spec.dnsPolicy,
      dnsConfig: spec.dnsConfig,
      hostAliases: spec.hostAliases,
      // A pod that runs already has its address, whatever else was lost.
      ip: this.#containers.some(({ running }) => running) ? this.#sandbox.ip : undefined,
    };
  }

  /** Renews mounted ConfigMaps, Secrets and tokens that have changed. */
  async #refresh(): Promise<void> {
    const { clock, log } = this.#context;
    if (!this.#stale && this.#refreshAtMs > clock.now()) return;
    this.#stale = false;
    this.#refreshFailedAtMs = undefined;
    try {
      await refreshVolumes(await this.#volumeContext());
    } catch (error) {
      // What is mounted stays as it was, as upstream.
      this.#refreshFailedAtMs = clock.now();
      log.warn(`volumes of ${this.#pod.metadata.namespace}/${this.#pod.metadata.name} were not renewed`, { error: errorMessage(error) });
    }
  }

  /** When mounted tokens are due for renewal. */
  get #refreshAtMs(): number {
    return Math.max(this.#tokens.renewAtMs ?? Infinity, (this.#refreshFailedAtMs ?? -Infinity) + REFRESH_RETRY_MS);
  }

  async #volumeContext(): Promise<VolumeContext> {
    const { client } = this.#context;
    const namespace = this.#pod.metadata.namespace!;
    return {
      pod: this.#pod,
      podDirectory: this.#directory,
      configuration: await readConfiguration(client, this.#pod),
      facts: this.#context.facts(this.#sandbox.ip ?? ""),
      token: this.#tokens.source,
      async claim(name) {
        const claim = await client.find(persistentVolumeClaims, name, namespace);
        if (!claim) return undefined;
        return { claim, volume: claim.spec.volumeName ? await client.find(persistentVolumes, claim.spec.volumeName) : undefined };
      },
    };
  }

  #act(plan: Plan): number | undefined {
    const { spec, metadata } = this.#pod;
    const gracePeriodSeconds = metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
    let wakeAtMs: number | undefined;
    for (const action of plan.kill) this.container(action.name)!.kill(action, gracePeriodSeconds);
    for (const name of plan.start) this.container(name)!.start();
    for (const name of plan.backingOff) wakeAtMs = earliest(wakeAtMs, this.container(name)!.backOff(this.#context.clock.now()));
    return wakeAtMs;
  }

  /** Tells the API server, when there is anything new to tell. */
  async #report(terminated: boolean): Promise<void> {
    if (this.#removed) return;
    const { client, clock, nodeIP } = this.#context;
    const status = podStatus(
      {
        pod: this.#pod,
        containers: this.#containers.map(({ snapshot }) => snapshot),
        sandboxReady: this.#sandbox.state === "ready" && !terminated,
        podIP: this.#sandbox.ip,
        hostIP: nodeIP,
        startTime: this.#startTime,
        terminated,
        failure: this.#failure,
      },
      clock.now(),
    );
    if (this.#reported && isReported(status, this.#reported)) return;
    const { name, namespace } = this.#pod.metadata;
    try {
      const patched = await client.patch(pods, { name: name!, namespace, subresource: "status" }, "strategic", { metadata: { uid: this.uid }, status: replacingAddresses(status) });
      this.#reported = status;
      // Conditions keep their times from here on, also before the watch brings them.
      this.#pod = { ...this.#pod, status: { ...this.#pod.status, ...patched.status } };
    } catch (error) {
      // Another pod of this name, or none: the watch will say so.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async #tearDown(gone: boolean): Promise<void> {
    const { client, network, puller, crashBackOff, runtime } = this.#context;
    if (!this.#networkDown) {
      await network.teardown(this.uid);
      this.#networkDown = true;
    }
    if (!gone) return;
    if (!this.#removed) {
      const { name, namespace, uid } = this.#pod.metadata;
      try {
        await client.delete(pods, name!, namespace, { gracePeriodSeconds: 0, preconditions: { uid: uid! } });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
      // The watch says when it is gone; finalizers may keep it.
      return;
    }
    for (const record of runtime.list()) if (record.config.pod.uid === this.uid) await runtime.remove(record.id);
    rmSync(this.#directory, { recursive: true, force: true });
    puller.forget(this.uid);
    crashBackOff.forget(`${this.uid}/`);
    this.#finished = true;
  }
}

/** Whether everything in `status` is in `reported`, which may hold more: others' conditions, defaults. */
function isReported(status: PodStatus, reported: PodStatus): boolean {
  return Object.entries(status).every(([key, value]) => {
    const known = reported[key as keyof PodStatus];
    if (key !== "conditions") return isDeepStrictEqual(value, known);
    return status.conditions!.every((condition) => reported.conditions?.some((other) => isDeepStrictEqual(condition, other)));
  });
}

function earliest(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined && Number.isFinite(time)) as number[];
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** Addresses merge by themselves in a strategic patch; a pod that got a new one after a restart has lost the old one. */
function replacingAddresses(status: PodStatus): object {
  const replaced = (addresses: object[] | undefined): object | undefined => addresses && [...addresses, { $patch: "replace" }];
  return { ...status, podIPs: replaced(status.podIPs), hostIPs: replaced(status.hostIPs) };
}
