/**
 * The ConfigMaps and Secrets a pod refers to, read fresh when its containers are configured.
 * @see https://github.com/kubernetes/kubernetes/tree/master/pkg/kubelet/configmap
 */
import type { Client } from "#client/client.ts";
import { podReferences } from "#api/pod-references.ts";
import { configMaps, secrets } from "#api/resources.ts";
import type { ConfigMap, Pod, Secret } from "#api/types.ts";
import type { Configuration } from "./environment.ts";

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
