/**
 * Paths in one volume of which one is in the other's way: a file written twice, or a file where a directory
 * is needed.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/api/pod/warnings.go (warningsForOverlappingVirtualPaths)
 */
import type { Volume } from "../types.ts";

type Source = NonNullable<NonNullable<Volume["projected"]>["sources"]>[number];

export function overlappingPaths(volumes: Volume[]): string[] {
  return volumes.flatMap((volume) => {
    const quoted = JSON.stringify(volume.name);
    const { configMap, secret, downwardAPI, projected } = volume;
    return [
      ...overlaps(pathsOf(configMap), `volume ${quoted} (ConfigMap ${JSON.stringify(configMap?.name ?? "")}): overlapping paths`),
      ...overlaps(pathsOf(secret), `volume ${quoted} (Secret ${JSON.stringify(secret?.secretName ?? "")}): overlapping paths`),
      ...overlaps(pathsOf(downwardAPI), `volume ${quoted} (DownwardAPI): overlapping paths`),
      ...(projected ? projectedOverlaps(projected.sources ?? [], quoted) : []),
    ];
  });
}

function projectedOverlaps(sources: Source[], volume: string): string[] {
  const all = new Set<string>();
  return sources.flatMap((source) => {
    if (Object.keys(source).length === 0) return [`volume ${volume} (Projected) has no sources provided`];
    const { paths, name } = describe(source);
    if (paths.length === 0) return [];
    const text = `volume ${volume} (Projected ${name}): overlapping paths`;
    const unique = [...new Set(paths)];
    const warnings = [...overlaps(paths, text), ...overlaps([...unique, ...all].sort(), text)];
    for (const path of unique) all.add(path);
    return warnings;
  });
}

function describe({ configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle }: Source): { paths: string[]; name: string } {
  if (configMap?.items) return { paths: pathsOf(configMap), name: `ConfigMap ${JSON.stringify(configMap.name ?? "")}` };
  if (secret?.items) return { paths: pathsOf(secret), name: `Secret ${JSON.stringify(secret.name ?? "")}` };
  if (downwardAPI?.items) return { paths: pathsOf(downwardAPI), name: "DownwardAPI" };
  if (serviceAccountToken) return { paths: [serviceAccountToken.path], name: "ServiceAccountToken" };
  if (clusterTrustBundle) return { paths: [clusterTrustBundle.path], name: `ClusterTrustBundle ${JSON.stringify(clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? "")}` };
  return { paths: [], name: "" };
}

function pathsOf(source: { items?: { path: string }[] } | undefined): string[] {
  return (source?.items ?? []).map(({ path }) => path);
}

/** Compares beginnings as upstream does, character by character: `a` and `ab` count as overlapping. */
function overlaps(paths: string[], text: string): string[] {
  const seen = new Set<string>();
  return paths.flatMap((path) => {
    const normal = path.replace(/\/+$/, "");
    const other = [...seen].find((known) => known !== "" && normal !== "" && (known === normal || `${known}/`.startsWith(normal) || `${normal}/`.startsWith(known)));
    seen.add(normal);
    return other === undefined ? [] : [`${text}: ${JSON.stringify(normal)} with ${JSON.stringify(other)}`];
  });
}
