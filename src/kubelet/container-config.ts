/** Puts together what a runtime needs to start a container. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseBytes } from "#lib/quantity.ts";
import type { PodNetwork } from "#net/network.ts";
import type { PulledImage } from "#registry/client.ts";
import type { Container, Pod, Service } from "#api/types.ts";
import { mountedPath } from "./container-paths.ts";
import type { PodFacts } from "./downward.ts";
import { ConfigError, containerArguments, containerEnvironment, type Configuration } from "./environment.ts";
import type { ContainerConfig, Mount } from "./runtime.ts";
import { serviceEnvironment } from "./service-environment.ts";
import { containerMounts } from "./volumes.ts";

export interface ConfigContext {
  pod: Pod;
  container: Container;
  attempt: number;
  image: PulledImage;
  nodeName: string;
  podDirectory: string;
  volumes: Map<string, string>;
  configuration: Configuration;
  facts: PodFacts;
  services: Service[];
  network: Pick<PodNetwork, "environment" | "binDir">;
  /** Compiled code is kept here, per image. */
  compileCacheDirectory: string;
  /** Variables for every container, below all others. */
  extraEnvironment: Record<string, string>;
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEFAULT_TERMINATION_MESSAGE_PATH = "/dev/termination-log";

/** The configuration, and warnings to record as events. Throws a {@link ConfigError} in Kubernetes' words. */
export function containerConfig(context: ConfigContext): { config: ContainerConfig; warnings: string[] } {
  const { pod, container, attempt, image, podDirectory, network, facts } = context;
  const uid = pod.metadata.uid!;
  const root = image.rootfs;
  const imageConfig = image.config.config ?? {};

  const temporary = join(podDirectory, "tmp");
  const messages = join(podDirectory, "containers", container.name);
  for (const directory of [temporary, messages]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const terminationMessagePath = join(messages, `${attempt}.termination`);

  const links = serviceEnvironment(context.services, pod.metadata.namespace!, pod.spec.enableServiceLinks ?? true);
  const { env: own, warnings } = containerEnvironment(pod, container, links, context.configuration, facts);
  const mounts: Mount[] = [
    { path: "/tmp", hostPath: temporary },
    { path: container.terminationMessagePath ?? DEFAULT_TERMINATION_MESSAGE_PATH, hostPath: terminationMessagePath },
    ...asConfigError(() => containerMounts(container, context.volumes, own)),
  ];
  const imageEnv = Object.fromEntries((imageConfig.Env ?? []).map((entry) => splitOnce(entry)));
  const env: Record<string, string> = {
    ...context.extraEnvironment,
    NODE_COMPILE_CACHE: join(context.compileCacheDirectory, image.manifestDigest.replace(":", "-")),
    TMPDIR: temporary,
    HOME: temporary,
    ...imageEnv,
    HOSTNAME: hostname(pod),
    ...own,
  };
  env["PATH"] = `${network.binDir}:${env["PATH"] ?? DEFAULT_PATH}`;
  const argv = containerArguments(container, imageConfig, own);
  Object.assign(env, network.environment(uid, { mounts: mounts.map(({ path, hostPath }) => ({ path, hostPath })), root, nodeOptions: env["NODE_OPTIONS"] }));

  const directory = container.workingDir || imageConfig.WorkingDir || "/";
  const memory = container.resources?.limits?.["memory"];
  const config: ContainerConfig = {
    pod: { uid, namespace: pod.metadata.namespace!, name: pod.metadata.name!, nodeName: context.nodeName },
    name: container.name,
    attempt,
    image: container.image!,
    imageId: image.repoDigest,
    root,
    argv,
    env,
    cwd: mountedPath(directory, mounts) ?? join(root, directory),
    mounts,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    ...(memory === undefined ? {} : { memoryLimitBytes: parseBytes(memory) }),
    stopSignal: signalName(imageConfig.StopSignal),
    ...(pod.spec.restartPolicy === "Never" || pod.spec.restartPolicy === "OnFailure" ? { keepExitCode: true } : {}),
    terminationMessagePath,
    terminationMessagePolicy: container.terminationMessagePolicy === "FallbackToLogsOnError" ? "FallbackToLogsOnError" : "File",
  };
  return { config, warnings };
}

/** The pod's host name: at most 63 characters of its name unless the spec has one. */
export function hostname(pod: Pod): string {
  return pod.spec.hostname || pod.metadata.name!.slice(0, 63).replace(/[-.]+$/, "");
}

function asConfigError<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

function splitOnce(entry: string): [string, string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** `SIGQUIT`, also written `QUIT` or `3`. */
function signalName(signal: string | undefined): NodeJS.Signals {
  if (!signal) return "SIGTERM";
  if (/^\d+$/.test(signal)) {
    const numbers: Record<string, NodeJS.Signals> = { 1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 9: "SIGKILL", 10: "SIGUSR1", 12: "SIGUSR2", 15: "SIGTERM" };
    return numbers[signal] ?? "SIGTERM";
  }
  return (signal.startsWith("SIG") ? signal : `SIG${signal}`) as NodeJS.Signals;
}
