/**
 * The order of API versions: stable ones, then beta, then alpha, the newest first; others last, by name.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/version/helpers.go (CompareKubeAwareVersionStrings)
 */

/** Positive when `a` is preferred to `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) return left ? 1 : right ? -1 : a < b ? 1 : a > b ? -1 : 0;
  return left.stability - right.stability || left.major - right.major || left.minor - right.minor;
}

const STABILITY = ["alpha", "beta"];

function parse(version: string): { stability: number; major: number; minor: number } | undefined {
  const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!parts) return undefined;
  const [, major, stage, minor = "0"] = parts;
  return { stability: stage === undefined ? STABILITY.length : STABILITY.indexOf(stage), major: Number(major), minor: Number(minor) };
}
