/**
 * What an agent is told about its pod: a JSON file per pod, written by the host side (network.ts) and
 * named by TIDEPOOL_AGENT. It is read once; what changes comes over the control socket.
 */
import type { ResolverConfig } from "../dns.ts";

export interface AgentConfig {
  uid: string;
  namespace: string;
  name: string;
  ip: string;
  /** What the pod calls itself. */
  hostname: string;
  node: string;
  /** On the node's own network: it listens for real, and its loopback is the machine's. */
  hostNetwork: boolean;
  socketDir: string;
  /** The cluster's ranges, as text. */
  ranges: { pods: string; services: string; nodes: string };
  resolver: ResolverConfig;
  /** The cluster DNS's address, as the pod's resolv.conf would name it. */
  nameserver: string;
  /** Directories that containers share with the host under the same path; mounts don't cover them. */
  hostDirectories: string[];
}

/** A path inside the container that lies elsewhere on the host. */
export interface Mount {
  path: string;
  hostPath: string;
}

/** The environment variables that make a process part of its pod. Children keep them whatever their parent does. */
export const POD_VARIABLES = ["TIDEPOOL_AGENT", "TIDEPOOL_SOCKET_DIR", "TIDEPOOL_POD_IP", "TIDEPOOL_MOUNTS"] as const;

/** Those that lead programs without an agent to the pod's HTTP proxy; Node programs must not see them. */
export const PROXY_VARIABLES = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] as const;
