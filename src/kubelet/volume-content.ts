/**
 * What is in the volumes that are made from objects: configMap, secret, downwardAPI, projected. Pure
 * but for tokens, which are asked for.
 * @see https://github.com/kubernetes/kubernetes/tree/master/pkg/volume
 */
import type { Pod, Volume } from "#api/types.ts";
import type { Configuration } from "./environment.ts";
import { fieldValue, resourceValue, type PodFacts } from "./downward.ts";

/** A file of a volume: its path has no `..` and no leading slash. */
export interface VolumeFile {
  data: Buffer;
  mode: number;
}

export type VolumeFiles = Map<string, VolumeFile>;

export type TokenSource = (audience: string | undefined, expirationSeconds: number) => Promise<string>;

const DEFAULT_MODE = 0o644;

/** Whether {@link volumeFiles} makes this volume. */
export function isMadeOfObjects(volume: Volume): boolean {
  return Boolean(volume.configMap ?? volume.secret ?? volume.downwardAPI ?? volume.projected);
}

/** The volume's files. Throws an Error in Kubernetes' words where something it needs is missing. */
export async function volumeFiles(pod: Pod, volume: Volume, configuration: Configuration, facts: PodFacts, token: TokenSource): Promise<VolumeFiles> {
  const files: VolumeFiles = new Map();
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) addConfigMap(files, pod, configMap, configMap.defaultMode, configuration);
  if (secret) addSecret(files, pod, { ...secret, name: secret.secretName }, secret.defaultMode, configuration);
  if (downwardAPI) addDownward(files, pod, downwardAPI.items, downwardAPI.defaultMode, facts);
  for (const source of projected?.sources ?? []) {
    const mode = projected!.defaultMode;
    if (source.configMap) addConfigMap(files, pod, source.configMap, mode, configuration);
    else if (source.secret) addSecret(files, pod, source.secret, mode, configuration);
    else if (source.downwardAPI) addDownward(files, pod, source.downwardAPI.items, mode, facts);
    else if (source.serviceAccountToken) {
      const { audience, expirationSeconds, path } = source.serviceAccountToken;
      files.set(path, { data: Buffer.from(await token(audience, expirationSeconds ?? 3600)), mode: 0o600 });
    } else throw new Error(`projected source ${Object.keys(source).join(", ")} is not supported by this node`);
  }
  return files;
}

interface ObjectSource {
  name?: string | undefined;
  items?: { key: string; path: string; mode?: number | undefined }[] | undefined;
  optional?: boolean | undefined;
}

function addConfigMap(files: VolumeFiles, pod: Pod, source: ObjectSource, mode: number | undefined, configuration: Configuration): void {
  const found = configuration.configMap(source.name!);
  const data = new Map<string, Buffer>();
  for (const [key, value] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(value));
  for (const [key, value] of Object.entries(found?.binaryData ?? {})) data.set(key, Buffer.from(value, "base64"));
  addObject(files, "configmap", found && data, source, mode, pod);
}

function addSecret(files: VolumeFiles, pod: Pod, source: ObjectSource, mode: number | undefined, configuration: Configuration): void {
  const found = configuration.secret(source.name!);
  const data = new Map(Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")]));
  // Other users of this machine may not read it, whatever the mode says.
  addObject(files, "secret", found && data, source, (mode ?? DEFAULT_MODE) & 0o700, pod);
}

function addObject(files: VolumeFiles, kind: "configmap" | "secret", data: Map<string, Buffer> | undefined, source: ObjectSource, defaultMode = DEFAULT_MODE, pod: Pod): void {
  if (!data) {
    if (source.optional) return;
    throw new Error(`${kind} "${source.name}" not found`);
  }
  if (!source.items) {
    for (const [key, value] of data) files.set(key, { data: value, mode: defaultMode });
    return;
  }
  for (const { key, path, mode } of source.items) {
    const value = data.get(key);
    if (value) files.set(path, { data: value, mode: (mode ?? defaultMode) & (kind === "secret" ? 0o700 : 0o777) });
    else if (!source.optional) throw new Error(`references non-existent ${kind === "secret" ? "secret" : "config"} key: ${key} (${pod.metadata.namespace}/${source.name})`);
  }
}

function addDownward(
  files: VolumeFiles,
  pod: Pod,
  items: NonNullable<Volume["downwardAPI"]>["items"],
  defaultMode = DEFAULT_MODE,
  facts: PodFacts,
): void {
  for (const { path, mode, fieldRef, resourceFieldRef } of items ?? []) {
    let value = "";
    if (fieldRef) value = fieldValue(pod, fieldRef.fieldPath, facts);
    else if (resourceFieldRef) {
      const container = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find(({ name }) => name === resourceFieldRef.containerName);
      if (!container) throw new Error(`container ${resourceFieldRef.containerName} not found`);
      value = resourceValue(container, resourceFieldRef.resource, resourceFieldRef.divisor, facts);
    }
    files.set(path, { data: Buffer.from(value), mode: mode ?? defaultMode });
  }
}
