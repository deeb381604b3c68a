/** The control plane: certificates, store, API server, controllers and scheduler. */
import { writeFileSync } from "node:fs";
import type { Clock } from "#lib/clock.ts";
import type { HttpHandler } from "#lib/http.ts";
import type { Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import { definitions } from "#api/definitions/index.ts";
import type { KubeletApi } from "#api/kubelet.ts";
import { ensureSchemas } from "#api/openapi/index.ts";
import type { Resource } from "#api/resources.ts";
import { isWatched } from "#api/scheme.ts";
import { createApiServer, ensurePki, keepBootstrapped, kubeconfig, nodeUser, reconcilePolicy, serve, systemUser, type KeyPair } from "#apiserver/index.ts";
import { Client } from "#client/client.ts";
import { Informers } from "#client/informer.ts";
import { startControllers } from "#controllers/index.ts";
import { startScheduler } from "#scheduler/scheduler.ts";
import type { Disposer } from "./disposer.ts";
import type { DataPaths } from "./paths.ts";
import { openClusterStore } from "./store.ts";
import { API_PORT, CONTROL_PLANE, NODES } from "./topology.ts";

export interface ControlPlane {
  url: string;
  /** With all rights: for the parts of this process, each under its own name (`client.as(...)`). */
  client: Client;
  informers: Informers;
  resources: Resource[];
  /** For the shop's TLS port, from the cluster's own authority. */
  shopCertificate: KeyPair;
  /** A handler that is a node's kubelet to the API server. */
  handlerForNode(name: string): HttpHandler;
  /** Introduces a node's kubelet, for logs, exec and port-forward. */
  connectNode(name: string, kubelet: KubeletApi): void;
}

export interface ControlPlaneOptions {
  paths: DataPaths;
  port: number;
  clock: Clock;
  rng: Rng;
  log: Logger;
  disposer: Disposer;
}

/** What browsers on this machine call the shop. */
const SHOP_SERVER_NAMES = ["localhost", "127.0.0.1"];

export async function startControlPlane({ paths, port, clock, rng, log, disposer }: ControlPlaneOptions): Promise<ControlPlane> {
  ensureSchemas();
  const pki = await ensurePki({ directory: paths.pki, clock, nodeNames: NODES.map(({ name }) => name), servers: { shop: SHOP_SERVER_NAMES } });
  const clusterStore = openClusterStore(paths, clock);
  disposer.add("store", () => clusterStore.close());
  const { store } = clusterStore;

  const kubelets = new Map<string, KubeletApi>();
  const api = createApiServer({
    store,
    clock,
    rng,
    log: log.named("apiserver"),
    serverAddress: `127.0.0.1:${port}`,
    nodeConnector: (name) => kubelets.get(name),
    serviceAccountKey: pki.serviceAccountKey,
  });
  const server = await serve(api, { ...pki.serving, clientCa: pki.ca, host: "127.0.0.1", port, log: log.named("apiserver") });
  disposer.add("API server", async () => {
    await api.close();
    await server.close();
  });
  const handler = api.handlerFor(systemUser("system:apiserver"));
  disposer.add("bootstrap objects", await keepBootstrapped(handler, { address: CONTROL_PLANE.ip, port: API_PORT }, clock, log.named("apiserver")));
  await reconcilePolicy(handler);
  writeFileSync(paths.kubeconfig, kubeconfig({ server: server.url, ca: pki.ca, client: pki.admin }), { mode: 0o600 });

  const client = new Client(handler);
  const informers = new Informers(client, { clock, log: log.named("informer") });
  disposer.add("informers", () => informers.stop());
  const controllers = startControllers({ client, informers, clock, rng, log, resources: definitions.filter(isWatched), caBundle: pki.ca, volumesDirectory: paths.volumes });
  disposer.add("controllers", () => controllers.stop());
  const scheduler = startScheduler({ client, informers, clock, rng, log });
  disposer.add("scheduler", () => scheduler.stop());

  return {
    url: server.url,
    client,
    informers,
    resources: definitions,
    shopCertificate: pki.servers["shop"]!,
    handlerForNode: (name) => api.handlerFor(nodeUser(name)),
    connectNode: (name, kubelet) => kubelets.set(name, kubelet),
  };
}
