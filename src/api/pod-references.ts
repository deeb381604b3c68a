/** What a pod can't run without: the objects its node must be able to read. */
import type { Pod } from "./types.ts";

export interface PodReferences {
  secrets: Set<string>;
  configMaps: Set<string>;
  claims: Set<string>;
}

/** Names in the pod's own namespace. */
export function podReferences({ metadata, spec }: Pod): PodReferences {
  const secrets = new Set<string | undefined>();
  const configMaps = new Set<string | undefined>();
  const claims = new Set<string | undefined>();
  for (const { name } of spec.imagePullSecrets ?? []) secrets.add(name);
  for (const { env = [], envFrom = [] } of [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]) {
    for (const { valueFrom } of env) {
      secrets.add(valueFrom?.secretKeyRef?.name);
      configMaps.add(valueFrom?.configMapKeyRef?.name);
    }
    for (const { secretRef, configMapRef } of envFrom) {
      secrets.add(secretRef?.name);
      configMaps.add(configMapRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    secrets.add(volume.secret?.secretName);
    configMaps.add(volume.configMap?.name);
    claims.add(volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral) claims.add(`${metadata.name}-${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      secrets.add(source.secret?.name);
      configMaps.add(source.configMap?.name);
    }
  }
  return { secrets: named(secrets), configMaps: named(configMaps), claims: named(claims) };
}

function named(names: Set<string | undefined>): Set<string> {
  return new Set([...names].filter((name): name is string => name !== undefined && name !== ""));
}

/** The annotation of mirror pods, by which kubelets show their static pods: they refer to nothing. */
export const MIRROR_POD = "kubernetes.io/config.mirror";
