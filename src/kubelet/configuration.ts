/**
 * The ConfigMaps and Secrets a pod refers to, read fresh when its containers are configured.
 * @see https://github.com/kubernetes/kubernetes/tree/master/pkg/kubelet/configmap
 */
import type { Client } from "#client/client.ts";
import { configMaps, secrets } from "#api/resources.ts";
import type { ConfigMap, Container, Pod, Secret } from "#api/types.ts";
import type { Configuration } from "./environment.ts";
import { volumeReferences } from "./volume-content.ts";

/** Names of every ConfigMap and Secret the pod's containers and volumes refer to. */
export function podReferences(pod: Pod): { configMaps: Set<string>; secrets: Set<string> } {
  const found = { configMaps: new Set<string>(), secrets: new Set<string>() };
  const add = (set: Set<string>, name: string | undefined): void => {
    if (name) set.add(name);
  };
  const fromContainer = ({ env, envFrom }: Pick<Container, "env" | "envFrom">): void => {
    for (const { configMapRef, secretRef } of envFrom ?? []) {
      add(found.configMaps, configMapRef?.name);
      add(found.secrets, secretRef?.name);
    }
    for (const { valueFrom } of env ?? []) {
      add(found.configMaps, valueFrom?.configMapKeyRef?.name);
      add(found.secrets, valueFrom?.secretKeyRef?.name);
    }
  };
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])]) fromContainer(container);
  for (const volume of pod.spec.volumes ?? []) {
    const names = volumeReferences(volume);
    for (const name of names.configMaps) found.configMaps.add(name);
    for (const name of names.secrets) found.secrets.add(name);
  }
  return found;
}

/** Reads all of them from the API server; those that aren't there are missing from the result. */
export async function readConfiguration(client: Client, pod: Pod): Promise<Configuration> {
  const namespace = pod.metadata.namespace!;
  const references = podReferences(pod);
  const maps = new Map<string, ConfigMap>();
  const found = new Map<string, Secret>();
  await Promise.all([
    ...[...references.configMaps].map(async (name) => {
      const object = await client.find(configMaps, name, namespace);
      if (object) maps.set(name, object);
    }),
    ...[...references.secrets].map(async (name) => {
      const object = await client.find(secrets, name, namespace);
      if (object) found.set(name, object);
    }),
  ]);
  return { configMap: (name) => maps.get(name), secret: (name) => found.get(name) };
}
