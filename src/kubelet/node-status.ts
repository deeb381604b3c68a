/**
 * The Node object and its lease: what a node says of itself, and that it lives.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kubelet_node_status.go
 */
import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { arch, freemem, platform, release, totalmem, type as osType } from "node:os";
import { every, toMicroTime, toTime, type Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import { formatBytes, formatCpu } from "#lib/quantity.ts";
import type { Client } from "#client/client.ts";
import { isAlreadyExists, isNotFound } from "#api/errors.ts";
import { leases, nodes } from "#api/resources.ts";
import type { Lease, Node, NodeCondition, Taint } from "#api/types.ts";

/** As upstream: the lease every 10 s, unchanged conditions every 5 minutes, both good for 40 s. */
const LEASE_PERIOD_MS = 10_000;
const LEASE_DURATION_SECONDS = 40;
const STATUS_PERIOD_MS = 10_000;
const HEARTBEAT_MS = 5 * 60_000;

export interface NodeCapacity {
  cpuMillis: number;
  memoryBytes: number;
  ephemeralStorageBytes: number;
  pods: number;
}

export interface NodeOptions {
  nodeName: string;
  nodeIP: string;
  podCIDR: string;
  labels: Record<string, string>;
  taints: Taint[];
  capacity: NodeCapacity;
  kubeletVersion: string;
  clock: Clock;
  log: Logger;
  client: Client;
  /** Somewhere on the disk whose fullness counts. */
  dataDirectory: string;
  /** Unique to the machine's start; a change of it tells controllers of a reboot. */
  bootId: string;
}

export interface Pressure {
  freeMemoryBytes: number;
  freeDiskBytes: number;
}

/** Registers the node, keeps its lease and its conditions fresh. */
export async function startNodeStatus(options: NodeOptions): Promise<{ stop(): void }> {
  const { client, clock, log, nodeName } = options;
  let reported: { conditions: NodeCondition[]; atMs: number } | undefined;

  async function update(): Promise<void> {
    const nowMs = clock.now();
    const conditions = nodeConditions(await measure(options.dataDirectory), nowMs, reported?.conditions ?? []);
    const changed = conditions.some(({ status }, index) => status !== reported?.conditions[index]?.status);
    if (reported && !changed && nowMs - reported.atMs < HEARTBEAT_MS) return;
    await client.patch(nodes, { name: nodeName, subresource: "status" }, "strategic", { status: { ...staticStatus(options), conditions } });
    reported = { conditions, atMs: nowMs };
  }

  const node = await register(options);
  reported = node.status?.conditions ? { conditions: orderedConditions(node.status.conditions), atMs: 0 } : undefined;
  await update();
  let lease = await renewLease(options, undefined);
  const guarded = (what: string, run: () => Promise<void>) => (): void => {
    run().catch((error: unknown) => log.warn(`${what} of node ${nodeName} failed; will retry`, { error: errorMessage(error) }));
  };
  const stops = [
    every(clock, LEASE_PERIOD_MS, guarded("lease renewal", async () => {
      lease = await renewLease(options, lease);
    })),
    every(clock, STATUS_PERIOD_MS, guarded("status update", update)),
  ];
  return {
    stop() {
      for (const stop of stops) stop();
    },
  };
}

async function register(options: NodeOptions): Promise<Node> {
  const { client, nodeName, podCIDR, taints } = options;
  const labels = {
    "kubernetes.io/hostname": nodeName,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture(),
    "beta.kubernetes.io/os": "linux",
    "beta.kubernetes.io/arch": architecture(),
    ...options.labels,
  };
  try {
    return await client.create(nodes, {
      metadata: { name: nodeName, labels },
      spec: { podCIDR, podCIDRs: [podCIDR], ...(taints.length > 0 ? { taints } : {}) },
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  // As upstream, an existing node keeps its taints and whatever else was put on it.
  return client.patch(nodes, { name: nodeName }, "strategic", { metadata: { labels }, spec: { podCIDR, podCIDRs: [podCIDR] } });
}

/** The machine's architecture in Go's words. */
function architecture(): string {
  return { x64: "amd64", arm: "arm", arm64: "arm64", ia32: "386" }[arch() as string] ?? arch();
}

function staticStatus({ nodeName, nodeIP, capacity, kubeletVersion, bootId }: NodeOptions): object {
  const amounts = {
    cpu: formatCpu(capacity.cpuMillis),
    memory: formatBytes(capacity.memoryBytes),
    "ephemeral-storage": formatBytes(capacity.ephemeralStorageBytes),
    pods: String(capacity.pods),
  };
  return {
    capacity: amounts,
    allocatable: amounts,
    addresses: [
      { type: "InternalIP", address: nodeIP },
      { type: "Hostname", address: nodeName },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      machineID: machineId(),
      systemUUID: machineId(),
      bootID: bootId,
      kernelVersion: release(),
      osImage: osImage(),
      containerRuntimeVersion: `tidepool://${kubeletVersion.replace(/^v/, "")}`,
      kubeletVersion,
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture: architecture(),
    },
  };
}

function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    // Not every system has one.
    return "";
  }
}

/** `Debian GNU/Linux 12 (bookworm)`, or the system's own name. */
function osImage(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? osType();
  } catch {
    return `${osType()} (${platform()})`;
  }
}

async function measure(directory: string): Promise<Pressure> {
  const { bavail, bsize } = await statfs(directory);
  return { freeMemoryBytes: availableMemory(), freeDiskBytes: bavail * bsize };
}

/** Memory that programs can still have: on Linux the kernel's own estimate, which counts reclaimable caches. */
function availableMemory(): number {
  try {
    const available = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"));
    if (available) return Number(available[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return process.platform === "darwin" ? totalmem() : freemem();
}

/**
 * Upstream's threshold for memory. For the disk upstream's is a tenth of it, which would put a node
 * on a well-filled laptop out of service with many gigabytes to spare.
 */
const MIN_FREE_MEMORY_BYTES = 100 * 1024 * 1024;
const MIN_FREE_DISK_BYTES = 512 * 1024 * 1024;

const ORDER = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];

function orderedConditions(conditions: NodeCondition[]): NodeCondition[] {
  return ORDER.flatMap((type) => conditions.filter((condition) => condition.type === type));
}

/** The node's conditions; `old` ones give the times of what hasn't changed. Pure. */
export function nodeConditions({ freeMemoryBytes, freeDiskBytes }: Pressure, nowMs: number, old: NodeCondition[]): NodeCondition[] {
  const lowMemory = freeMemoryBytes < MIN_FREE_MEMORY_BYTES;
  const lowDisk = freeDiskBytes < MIN_FREE_DISK_BYTES;
  const verdicts: [type: string, status: boolean, reason: string, message: string][] = [
    ["MemoryPressure", lowMemory, lowMemory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory", `kubelet has ${lowMemory ? "insufficient" : "sufficient"} memory available`],
    ["DiskPressure", lowDisk, lowDisk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure", `kubelet has ${lowDisk ? "" : "no "}disk pressure`],
    ["PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
    ["Ready", true, "KubeletReady", "kubelet is posting ready status"],
  ];
  return verdicts.map(([type, isTrue, reason, message]) => {
    const status = isTrue ? "True" : "False";
    const before = old.find((condition) => condition.type === type);
    const unchanged = before?.status === status && before.lastTransitionTime;
    return { type, status, reason, message, lastHeartbeatTime: toTime(nowMs), lastTransitionTime: unchanged ? before.lastTransitionTime! : toTime(nowMs) };
  });
}

/** Renews the node's lease, from the copy it has where that is still the current one. */
async function renewLease({ client, clock, nodeName }: NodeOptions, known: Lease | undefined): Promise<Lease> {
  const namespace = "kube-node-lease";
  const renewTime = toMicroTime(clock.now());
  if (known) {
    try {
      return await client.patch(leases, { name: nodeName, namespace }, "merge", { spec: { renewTime } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  const found = await client.find(leases, nodeName, namespace);
  if (found) return client.patch(leases, { name: nodeName, namespace }, "merge", { spec: { holderIdentity: nodeName, leaseDurationSeconds: LEASE_DURATION_SECONDS, renewTime } });
  const node = await client.get(nodes, nodeName);
  return client.create(leases, {
    metadata: { name: nodeName, namespace, ownerReferences: [{ apiVersion: "v1", kind: "Node", name: nodeName, uid: node.metadata.uid! }] },
    spec: { holderIdentity: nodeName, leaseDurationSeconds: LEASE_DURATION_SECONDS, renewTime },
  });
}
