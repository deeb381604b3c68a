/**
 * The composition root: puts a cluster together. What happens is the list in {@link startCluster},
 * read from top to bottom; what was started is stopped in reverse.
 */
import { join } from "node:path";
import type { Clock } from "#lib/clock.ts";
import type { Logger } from "#lib/log.ts";
import { uuid, type Rng } from "#lib/random.ts";
import { deployments, pods, statefulSets, type Resource } from "#api/resources.ts";
import type { Deployment, Pod, StatefulSet } from "#api/types.ts";
import { discover } from "#client/discovery.ts";
import type { AuditPolicy } from "#apiserver/index.ts";
import { Registry } from "#registry/registry.ts";
import { serveRegistry } from "#registry/server.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { Disposer } from "./disposer.ts";
import { buildShopImages, describeImages, endBuilds } from "./images.ts";
import type { Urls } from "./instance.ts";
import { startNodes } from "./nodes.ts";
import { createDirectories, dataPaths } from "./paths.ts";
import { choosePorts, type ChosenPorts, type Ports, type PortWishes } from "./ports.ts";
import type { Report, Step } from "./progress.ts";
import { deployShop, isAvailable, isStuck, podTrouble, readKustomization, SHOP_NAMESPACE, waitFor, waitForAnswer } from "./shop.ts";
import { repositoryRoot } from "./version.ts";

export interface ClusterOptions {
  dataDir: string;
  ports: PortWishes;
  /** Whether to build and deploy the shop. */
  shop: boolean;
  /** What of the requests is written down; nothing without it. */
  auditPolicy?: AuditPolicy | undefined;
}

export interface ClusterContext {
  clock: Clock;
  rng: Rng;
  log: Logger;
  report: Report;
  /** Aborted when the start should be given up. */
  signal: AbortSignal;
  /** Called once the API server answers, long before all is ready. */
  onServing: (urls: Urls) => void;
}

export interface Cluster {
  urls: Urls;
  ports: Ports;
  tookMs: number;
  /** Worth knowing, a line each. */
  notes: string[];
  /** What did not come up in time, a line each. */
  problems: string[];
  stop(): Promise<void>;
}

/** How long the shop gets to come up before the start is called incomplete. */
const SHOP_PATIENCE_MS = 120_000;

export async function startCluster(options: ClusterOptions, context: ClusterContext): Promise<Cluster> {
  const { clock, rng, log, signal, report } = context;
  const paths = dataPaths(options.dataDir);
  const startedMs = clock.now();
  const disposer = new Disposer(log);
  const step = stepper(clock, report, signal);
  try {
    createDirectories(paths);
    const { ports, passedOver } = await choosePorts(options.ports);

    const registry = new Registry({ directory: paths.registry, clock, newId: () => uuid(rng) });
    disposer.add("registry", () => registry.close());
    const registryServer = await serveRegistry(registry, { port: ports.registry, log: log.named("registry") });
    disposer.add("registry server", () => registryServer.close());

    // Bundling keeps the cores busy beside the control plane, which mostly waits for the disk.
    const images = options.shop
      ? step("images", () => buildShopImages({ registryUrl: registryServer.url, paths, clock, log: log.named("build") }), describeImages)
      : undefined;
    images?.catch(() => undefined);

    const controlPlane = await step("control-plane", () => startControlPlane({ paths, port: ports.api, auditPolicy: options.auditPolicy, clock, rng, log, disposer }));
    const urls = urlsOf(options, ports, controlPlane.url, registryServer.url);
    context.onServing(urls);

    await step("nodes", () => startNodes({ paths, controlPlane, registryUrl: registryServer.url, ports, clock, rng, log, disposer }), (nodes) => `${nodes.length} nodes`);

    const problems: string[] = [];
    await images;
    await endBuilds();
    if (options.shop) {
      const { resources } = await discover(controlPlane.client);
      await deployShop(controlPlane.client.as("tidepool"), resources, readKustomization(join(repositoryRoot, "kustomize/shop/base")), controlPlane.shopCertificate);
      problems.push(...(await waitForShop(controlPlane, `http://127.0.0.1:${ports.http}`, step, clock, signal)));
    }
    return { urls, ports, tookMs: clock.now() - startedMs, notes: options.shop ? notesOn(ports, passedOver) : [], problems, stop: () => disposer.stop() };
  } catch (error) {
    await disposer.stop();
    throw error;
  }
}

/**
 * Runs a part of the start: reported when it begins and when it is done, not begun once the start was given up.
 * What it does may `note` what it waits for.
 */
type Stepper = <R>(step: Step, run: (note: (detail: string) => void) => Promise<R>, detail?: (result: R) => string) => Promise<R>;

function stepper(clock: Clock, report: Report, signal: AbortSignal): Stepper {
  return async (step, run, detail) => {
    signal.throwIfAborted();
    report({ type: "step", step, state: "started" });
    const startedMs = clock.now();
    const result = await run((note) => report({ type: "step", step, state: "started", detail: note }));
    signal.throwIfAborted();
    report({ type: "step", step, state: "done", tookMs: clock.now() - startedMs, ...(detail ? { detail: detail(result) } : {}) });
    return result;
  };
}

/** Waits until the database and the services are available and the shop answers; returns what is not, in words, when patience ends. */
async function waitForShop({ informers }: ControlPlane, url: string, step: Stepper, clock: Clock, signal: AbortSignal): Promise<string[]> {
  const patience = new AbortController();
  const cancel = clock.after(SHOP_PATIENCE_MS, () => patience.abort(new Error("the shop took too long")));
  const waiting = AbortSignal.any([signal, patience.signal]);
  /** Waits for workloads, telling meanwhile which pods won't come up by waiting. */
  const available = async <T extends Deployment | StatefulSet>(workloads: Resource<T>, note: (detail: string) => void): Promise<void> => {
    const tell = (pod: Pod): void => {
      if (pod.metadata.namespace === SHOP_NAMESPACE && isStuck(pod)) note(podTrouble(pod)!);
    };
    const unsubscribe = informers.for(pods).subscribe({ set: tell, delete: () => undefined });
    try {
      await waitFor(informers.for(workloads), SHOP_NAMESPACE, (all) => all.every(isAvailable), waiting);
    } finally {
      unsubscribe();
    }
  };
  try {
    await step("database", (note) => available(statefulSets, note));
    await step("services", (note) => available(deployments, note), () => `${informers.for(pods).list(SHOP_NAMESPACE).length} pods`);
    await step("ready", () => waitForAnswer(url, clock, waiting));
    return [];
  } catch (error) {
    if (signal.aborted) throw error;
    const troubles = informers.for(pods).list(SHOP_NAMESPACE).map(podTrouble).filter((trouble) => trouble !== undefined);
    return troubles.length > 0 ? troubles : [`the pods are ready, but the shop does not answer at ${url}; 'npx tidepool logs' may say why`];
  } finally {
    cancel();
  }
}

function urlsOf(options: ClusterOptions, ports: Ports, apiServer: string, registry: string): Urls {
  const shop = { shop: `http://localhost${ports.http === 80 ? "" : `:${ports.http}`}`, shopTls: `https://localhost${ports.https === 443 ? "" : `:${ports.https}`}` };
  return { ...(options.shop ? shop : {}), apiServer, registry: registry.replace("127.0.0.1", "localhost") };
}

function notesOn(ports: Ports, passedOver: ChosenPorts["passedOver"]): string[] {
  const moved = (["http", "https"] as const).filter((name) => passedOver[name]).map((name) => `${name}: on ${ports[name]} because ${passedOver[name]}`);
  return moved.length > 0 ? [`(${moved.join("; ")})`] : [];
}
