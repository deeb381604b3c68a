/**
 * What is there from the start: the system namespaces and priority classes, and the `kubernetes` Service
 * with this server behind it.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controlplane/controller/kubernetesservice/controller.go
 */
import { every, type Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { HttpHandler } from "#lib/http.ts";
import { configMaps, endpoints, endpointSlices, namespaces, priorityClasses, services } from "#api/resources.ts";
import { ensureBuiltInObjects } from "./built-in-objects.ts";
import { ensure, replace, type Named } from "./own-writes.ts";
import { FRONT_PROXY_NAME } from "./pki/pki.ts";

/** As often as upstream looks after its Service. */
const PERIOD_MS = 10_000;
const DEFAULT_SERVICE_RANGE = "10.96.0.0/12";
const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];
/** For what the cluster can't do without, here or on its node. */
const PRIORITY_CLASSES = [
  { name: "system-node-critical", value: 2_000_001_000, description: "Used for system critical pods that must not be moved from their current node." },
  { name: "system-cluster-critical", value: 2_000_000_000, description: "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary." },
];

export interface BootstrapOptions {
  /** Where pods reach this server: a node's address. */
  address: string;
  port: number;
  /** The `kubernetes` Service's address, the first of the range. */
  clusterIP?: string | undefined;
  /** The authorities of client certificates and of this server's own towards servers behind it, in PEM: those servers look them up. */
  authorities?: { client: string; frontProxy: string } | undefined;
  /** Where the addresses of Services come from. */
  serviceRange?: string | undefined;
}

/** Makes what is missing, and brings the endpoints of the `kubernetes` Service up to date. Throws a StatusError. */
export async function bootstrap(handler: HttpHandler, { address, port, clusterIP = "10.96.0.1", authorities }: BootstrapOptions): Promise<void> {
  for (const name of NAMESPACES) await ensure(handler, namespaces, { metadata: { name } });
  if (authorities) await replace(handler, configMaps, extensionAuthentication(authorities));
  for (const { name, ...rest } of PRIORITY_CLASSES) await ensure(handler, priorityClasses, { metadata: { name }, ...rest });
  const metadata = { name: "kubernetes", namespace: "default" };
  await ensure(handler, services, {
    metadata: { ...metadata, labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      type: "ClusterIP",
      clusterIP,
      sessionAffinity: "None",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: port }],
    },
  });
  await replace(handler, endpoints, {
    metadata: { ...metadata, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: "https", port, protocol: "TCP" }] }],
  });
  await replace(handler, endpointSlices, {
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: "https", port, protocol: "TCP" }],
  });
}

/**
 * How servers behind this one know its clients, and it.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controlplane/controller/clusterauthenticationtrust/cluster_authentication_trust_controller.go
 */
function extensionAuthentication({ client, frontProxy }: NonNullable<BootstrapOptions["authorities"]>): Named {
  return {
    metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" },
    data: {
      "client-ca-file": client,
      "requestheader-client-ca-file": frontProxy,
      "requestheader-allowed-names": JSON.stringify([FRONT_PROXY_NAME]),
      "requestheader-username-headers": JSON.stringify(["X-Remote-User"]),
      "requestheader-uid-headers": JSON.stringify(["X-Remote-Uid"]),
      "requestheader-group-headers": JSON.stringify(["X-Remote-Group"]),
      "requestheader-extra-headers-prefix": JSON.stringify(["X-Remote-Extra-"]),
    },
  };
}

/** Bootstraps now and then again, since clients may delete what was made; returns a function that stops it. */
export async function keepBootstrapped(handler: HttpHandler, options: BootstrapOptions, clock: Clock, log: Logger): Promise<() => void> {
  const all = async (): Promise<void> => {
    await bootstrap(handler, options);
    await ensureBuiltInObjects(handler, options.serviceRange ?? DEFAULT_SERVICE_RANGE);
  };
  await all();
  return every(clock, PERIOD_MS, () => {
    all().catch((error: unknown) => log.warn("what is there from the start could not be kept", { error: errorMessage(error) }));
  });
}
