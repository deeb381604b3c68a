/** The control plane: certificates, store, API server, controllers and scheduler. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import { errorMessage, type Logger } from "#lib/log.ts";
import type { Rng } from "#lib/random.ts";
import type { KubeletApi } from "#api/kubelet.ts";
import { ensureSchemas } from "#api/openapi/index.ts";
import { componentUser, createApiServer, encryptStale, ENCRYPTION_CONFIGURATION, ensureEncryption, ensurePki, keepBootstrapped, kubeconfig, leadsWhere, publishClusterInfo, reconcilePolicy, serve, serviceAccountUser, systemUser, type AuditPolicy, type Encryption, type KeyPair, type User } from "#apiserver/index.ts";
import { Client } from "#client/client.ts";
import { Informers } from "#client/informer.ts";
import { startControllers } from "#controllers/index.ts";
import { startScheduler } from "#scheduler/scheduler.ts";
import { auditOptions } from "./audit.ts";
import type { Disposer } from "./disposer.ts";
import type { DataPaths } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import { openClusterStore } from "./store.ts";
import { API_PORT, CONTROL_PLANE, NODES } from "./topology.ts";

export interface ControlPlane {
  url: string;
  /** The administrator's: for what a person would do with kubectl. */
  client: Client;
  /** The controllers': with them all is watched already. */
  informers: Informers;
  /** For the other components, each as its own user. */
  clientOf(user: User): Client;
  informersOf(client: Client): Informers;
  /** For the shop's TLS port, from the cluster's own authority. */
  shopCertificate: KeyPair;
  /** Introduces a node's kubelet, for logs, exec and port-forward. */
  connectNode(name: string, kubelet: KubeletApi): void;
}

export interface ControlPlaneOptions {
  paths: DataPaths;
  port: number;
  auditPolicy?: AuditPolicy | undefined;
  clock: Clock;
  rng: Rng;
  log: Logger;
  disposer: Disposer;
}

/** Whom the administrator's certificate names. */
const ADMINISTRATOR: User = { name: "kubernetes-admin", groups: ["kubeadm:cluster-admins", "system:authenticated"] };

/** What browsers on this machine call the shop. */
const SHOP_SERVER_NAMES = ["localhost", "127.0.0.1"];

export async function startControlPlane({ paths, port, auditPolicy, clock, rng, log, disposer }: ControlPlaneOptions): Promise<ControlPlane> {
  ensureSchemas();
  const pki = await ensurePki({ directory: paths.pki, clock, nodeNames: NODES.map(({ name }) => name), servers: { shop: SHOP_SERVER_NAMES } });
  const encryption = await readEncryption(paths);
  const clusterStore = openClusterStore(paths, clock, { transformer: encryption });
  disposer.add("store", () => clusterStore.close());
  const { store } = clusterStore;
  const rewritten = await encryptStale(store, encryption);
  if (rewritten > 0) log.info("encrypted what was plain or had an older key", { objects: rewritten });

  const kubelets = new Map<string, KubeletApi>();
  const api = createApiServer({
    store,
    clock,
    rng,
    log: log.named("apiserver"),
    serverAddress: `127.0.0.1:${port}`,
    nodeConnector: (name) => kubelets.get(name),
    serviceAccountKey: pki.serviceAccountKey,
    proxyClientCertificate: pki.frontProxy.client,
    audit: auditPolicy && auditOptions(auditPolicy, paths, clock, log),
  });
  const server = await serve(api, { ...pki.serving, clientCa: pki.ca, host: "127.0.0.1", port, log: log.named("apiserver") });
  disposer.add("API server", async () => {
    await api.close();
    await server.close();
  });
  const handler = api.handlerFor(systemUser("system:apiserver"));
  disposer.add("bootstrap objects", await keepBootstrapped(handler, { address: CONTROL_PLANE.ip, port: API_PORT, authorities: { client: pki.ca, frontProxy: pki.frontProxy.ca } }, clock, log.named("apiserver")));
  await reconcilePolicy(handler);
  await publishClusterInfo(handler, { server: server.url, ca: pki.ca });
  const config = kubeconfig({ server: server.url, ca: pki.ca, client: pki.admin });
  // Its user may have chosen a namespace in it: one that still leads here stays.
  if (!existsSync(paths.kubeconfig) || !leadsWhere(readFileSync(paths.kubeconfig, "utf8"), config)) writeFileSync(paths.kubeconfig, config, { mode: 0o600 });

  const clientOf = (user: User): Client => new Client(api.handlerFor(user));
  const informersOf = (client: Client): Informers => {
    const informers = new Informers(client, { clock, log: log.named("informer") });
    disposer.add("informers", () => informers.stop());
    return informers;
  };
  // Each component with its own role and no more, as if it came over the wire: what one lacks shows here.
  const managerClient = clientOf(componentUser("system:kube-controller-manager"));
  const informers = informersOf(managerClient);
  const controllers = startControllers({
    client: managerClient,
    clientFor: (serviceAccount) => clientOf(serviceAccountUser("kube-system", serviceAccount)),
    informers,
    clock,
    rng,
    log,
    caBundle: pki.ca,
    issueToken: (account, secretName) => api.issueSecretToken(account, secretName),
    signCertificate: (certificate) => pki.sign(certificate),
    volumesDirectory: paths.volumes,
  });
  disposer.add("controllers", () => controllers.stop());
  const schedulerClient = clientOf(componentUser("system:kube-scheduler"));
  const scheduler = startScheduler({ client: schedulerClient, informers: informersOf(schedulerClient), clock, rng, log });
  disposer.add("scheduler", () => scheduler.stop());

  return {
    url: server.url,
    client: clientOf(ADMINISTRATOR),
    informers,
    clientOf,
    informersOf,
    shopCertificate: pki.servers["shop"]!,
    connectNode: (name, kubelet) => kubelets.set(name, kubelet),
  };
}

async function readEncryption({ pki }: DataPaths): Promise<Encryption> {
  try {
    return await ensureEncryption(pki);
  } catch (error) {
    throw new Refusal(`${join(pki, ENCRYPTION_CONFIGURATION)}: ${errorMessage(error)}.`);
  }
}
