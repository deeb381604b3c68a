/**
 * A pod's volumes as directories of the host, and a container's mounts of them.
 * @see https://kubernetes.io/docs/concepts/storage/volumes/
 */
import { closeSync, cpSync, existsSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { isAbsolute, join, normalize } from "node:path";
import type { Container, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "#api/types.ts";
import { isAtomic, writeAtomically } from "./atomic-writer.ts";
import type { Configuration } from "./environment.ts";
import type { PodFacts } from "./downward.ts";
import { expand } from "./expansion.ts";
import type { Mount } from "./runtime.ts";
import { isMadeOfObjects, volumeFiles, type TokenSource } from "./volume-content.ts";

/** A volume can't be had (yet); the message is the FailedMount event's. */
export class MountError extends Error {}

export interface VolumeContext {
  pod: Pod;
  /** The pod's directory: volumes are below it. */
  podDirectory: string;
  configuration: Configuration;
  facts: PodFacts;
  token: TokenSource;
  claim: (name: string) => Promise<{ claim: PersistentVolumeClaim; volume: PersistentVolume | undefined } | undefined>;
}

/** Makes every volume of the pod; host directories by volume name. Throws a {@link MountError}. */
export async function setUpVolumes(context: VolumeContext): Promise<Map<string, string>> {
  const directories = new Map<string, string>();
  for (const volume of context.pod.spec.volumes ?? []) {
    try {
      directories.set(volume.name, await setUpVolume(context, volume));
    } catch (error) {
      throw new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`);
    }
  }
  return directories;
}

/** Renews the volumes that are made of objects; true when any of them changed. */
export async function refreshVolumes(context: VolumeContext): Promise<boolean> {
  let changed = false;
  for (const volume of context.pod.spec.volumes ?? []) {
    if (!isMadeOfObjects(volume)) continue;
    const files = await volumeFiles(context.pod, volume, context.configuration, context.facts, context.token);
    if (writeAtomically(volumeDirectory(context.podDirectory, volume.name), files)) changed = true;
  }
  return changed;
}

const volumeDirectory = (podDirectory: string, name: string): string => join(podDirectory, "volumes", name);

async function setUpVolume(context: VolumeContext, volume: Volume): Promise<string> {
  const directory = volumeDirectory(context.podDirectory, volume.name);
  if (isMadeOfObjects(volume)) {
    writeAtomically(directory, await volumeFiles(context.pod, volume, context.configuration, context.facts, context.token));
    return directory;
  }
  if (volume.emptyDir) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return directory;
  }
  if (volume.hostPath) return hostPath(volume.hostPath.path, volume.hostPath.type ?? "");
  if (volume.persistentVolumeClaim) return claimed(context, volume.persistentVolumeClaim.claimName);
  const type = Object.keys(volume).find((key) => key !== "name") ?? "nothing";
  throw new Error(`volume type ${type} is not supported by this node`);
}

async function claimed({ pod, claim }: VolumeContext, name: string): Promise<string> {
  const found = await claim(name);
  if (!found) throw new Error(`persistentvolumeclaim "${name}" not found`);
  if (found.claim.metadata.deletionTimestamp && found.claim.status?.phase !== "Bound") throw new Error(`persistentvolumeclaim "${name}" is being deleted`);
  const { volume } = found;
  if (!volume || found.claim.status?.phase !== "Bound") throw new Error(`PersistentVolumeClaim is not bound: "${pod.metadata.namespace}/${name}"`);
  const path = volume.spec.hostPath?.path ?? volume.spec.local?.path;
  if (!path) throw new Error(`persistent volume "${volume.metadata.name}" is neither hostPath nor local; no other kind is supported by this node`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** @see https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/hostpath/host_path.go (hostPathTypeChecker) */
function hostPath(path: string, type: string): string {
  const isA = (test: "isDirectory" | "isFile" | "isSocket" | "isCharacterDevice" | "isBlockDevice"): boolean => existsSync(path) && statSync(path)[test]();
  const require = (test: Parameters<typeof isA>[0], what: string): void => {
    if (!isA(test)) throw new Error(`hostPath type check failed: ${path} is not a ${what}`);
  };
  switch (type) {
    case "":
      break;
    case "DirectoryOrCreate":
      if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o755 });
      require("isDirectory", "directory");
      break;
    case "FileOrCreate":
      if (!existsSync(path)) closeSync(openSync(path, "a", 0o644));
      require("isFile", "file");
      break;
    case "Directory":
      require("isDirectory", "directory");
      break;
    case "File":
      require("isFile", "file");
      break;
    case "Socket":
      require("isSocket", "socket file");
      break;
    case "CharDevice":
      require("isCharacterDevice", "character device");
      break;
    case "BlockDevice":
      require("isBlockDevice", "block device");
      break;
    default:
      throw new Error(`${type} is an invalid volume type`);
  }
  return path;
}

/** A container's mounts. Throws an Error where a mount names no volume or leaves its volume. */
export function containerMounts(container: Container, directories: Map<string, string>, env: Record<string, string>): Mount[] {
  return (container.volumeMounts ?? []).map((mount, index) => {
    const directory = directories.get(mount.name);
    if (!directory) throw new Error(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, (name) => env[name]) : (mount.subPath ?? "");
    if (isAbsolute(subPath)) throw new Error(`error SubPath ${subPath} must not be an absolute path`);
    if (subPath.split("/").includes("..")) throw new Error(`unable to provision SubPath ${subPath}: must not contain '..'`);
    let hostPath = subPath ? join(directory, subPath) : directory;
    if (!existsSync(hostPath)) mkdirSync(hostPath, { recursive: true, mode: 0o700 });
    if (subPath && isAtomic(directory)) hostPath = freeze(hostPath, join(directory, "../../volume-subpaths", mount.name, container.name, String(index)));
    return { path: normalize(mount.mountPath).replace(/(.)\/$/, "$1"), hostPath, ...(mount.readOnly ? { readOnly: true } : {}) };
  });
}

/** A part of a volume made of objects stays as the container found it: a bind mount upstream, which later files don't reach. */
function freeze(path: string, copy: string): string {
  rmSync(copy, { recursive: true, force: true });
  cpSync(path, copy, { recursive: true, dereference: true });
  return copy;
}
