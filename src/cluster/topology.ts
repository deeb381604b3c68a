/** The cluster's shape: its nodes and address ranges, as in a small kubeadm cluster. All addresses are virtual. */

export const RANGES = { pods: "10.244.0.0/16", services: "10.96.0.0/12", nodes: "172.30.0.0/24" } as const;

export const CLUSTER_DOMAIN = "cluster.local";
export const DNS_IP = "10.96.0.10";
/** The address that clients on this machine have for pods that see it (externalTrafficPolicy Local). */
export const GATEWAY_IP = "172.30.0.1";
/** Where pods find the API server, on the control plane's node. */
export const API_PORT = 6443;

/** The version of the Kubernetes API that is served. */
export const KUBERNETES_VERSION = "v1.36.0";

export interface NodeShape {
  name: string;
  ip: string;
  podCIDR: string;
  controlPlane: boolean;
}

export const NODES: readonly NodeShape[] = [
  { name: "tidepool-control-plane", ip: "172.30.0.2", podCIDR: "10.244.0.0/24", controlPlane: true },
  { name: "tidepool-worker", ip: "172.30.0.3", podCIDR: "10.244.1.0/24", controlPlane: false },
  { name: "tidepool-worker2", ip: "172.30.0.4", podCIDR: "10.244.2.0/24", controlPlane: false },
];

export const CONTROL_PLANE = NODES[0]!;
