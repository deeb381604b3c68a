/**
 * Kubernetes resource quantities: `100m`, `1.5Gi`, `2e3`.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
const SUFFIXES: Record<string, number> = {
  n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

const FORMAT = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/** Kubernetes' own message for a quantity it can't parse. */
export const QUANTITY_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Whether `text` is a quantity. */
export function isQuantity(text: string | number): boolean {
  return FORMAT.test(String(text));
}

/** The quantity as a number in its base unit (cores, bytes, pieces). Throws on anything that is not one. */
export function parseQuantity(text: string | number): number {
  const parsed = FORMAT.exec(String(text));
  if (!parsed) throw new Error(QUANTITY_ERROR);
  if (parsed[2]) return Number(parsed[1]! + parsed[2]);
  return Number(parsed[1]) * SUFFIXES[parsed[3] ?? ""]!;
}

/** Thousandths of a core, rounded up as the scheduler and the kubelet do. */
export function parseCpuMillis(text: string | number): number {
  return Math.ceil(Number((parseQuantity(text) * 1000).toFixed(6)));
}

/** Bytes, rounded up. */
export function parseBytes(text: string | number): number {
  return Math.ceil(parseQuantity(text));
}

/** CPU as Kubernetes prints it: whole cores without a suffix, else thousandths. */
export function formatCpu(millis: number): string {
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`;
}

/** Bytes with the largest binary suffix that divides them. */
export function formatBytes(sizeBytes: number): string {
  for (const suffix of ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"]) {
    const unit = SUFFIXES[suffix]!;
    if (sizeBytes >= unit && sizeBytes % unit === 0) return `${sizeBytes / unit}${suffix}`;
  }
  return String(sizeBytes);
}
