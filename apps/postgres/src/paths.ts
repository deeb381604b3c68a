import { isAbsolute, join, resolve } from "node:path";

/** A path in the container and the directory of the host that is mounted there. */
export interface Mount {
  path: string;
  hostPath: string;
}

/** The rules Tidepool passes in TIDEPOOL_MOUNTS; none outside Tidepool, where paths are what they say. */
export function parseMounts(variable: string | undefined): Mount[] {
  return variable ? (JSON.parse(variable) as Mount[]) : [];
}

/**
 * What a native program must be told to find `path`: in Tidepool a container has no root directory of
 * its own, so absolute paths under a mount become paths of the host. The longest mount wins.
 */
export function translatePath(path: string, mounts: Mount[]): string {
  if (!isAbsolute(path)) return path;
  const wanted = resolve(path);
  let best: Mount | undefined;
  for (const mount of mounts) {
    const inside = mount.path === "/" || wanted === mount.path || wanted.startsWith(`${mount.path}/`);
    if (inside && mount.path.length > (best?.path.length ?? 0)) best = mount;
  }
  return best ? join(best.hostPath, wanted.slice(best.path === "/" ? 0 : best.path.length)) : wanted;
}
