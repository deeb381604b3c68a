/**
 * Kubernetes resource quantities: `100m`, `1.5Gi`, `2e3`. Read exactly: a double would make
 * 1100000001 bytes of `1.1G`.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
const POWERS_OF_10: Record<string, number> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const POWERS_OF_2: Record<string, number> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const FORMAT = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/** Beyond this a quantity is as good as none or as good as infinite. */
const MAX_EXPONENT = 40;

/** Kubernetes' own message for a quantity it can't parse. */
export const QUANTITY_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Whether `text` is a quantity. */
export function isQuantity(text: string | number): boolean {
  return FORMAT.test(String(text));
}

/** The quantity as a number in its base unit (cores, bytes, pieces). Throws on anything that is not one. */
export function parseQuantity(text: string | number): number {
  const { numerator, denominator } = parseExactly(text);
  return numerator % denominator === 0n ? Number(numerator / denominator) : Number(numerator) / Number(denominator);
}

/** Thousandths of a core, rounded up as the scheduler and the kubelet do. */
export function parseCpuMillis(text: string | number): number {
  const { numerator, denominator } = parseExactly(text);
  return roundedUp(numerator * 1000n, denominator);
}

/** Bytes, rounded up. */
export function parseBytes(text: string | number): number {
  const { numerator, denominator } = parseExactly(text);
  return roundedUp(numerator, denominator);
}

/** The parts of a quantity: `digits` times 10 to the `exponent`, times 2 to the `shift`. */
export interface QuantityParts {
  readonly digits: bigint;
  /** Bounded, lest an absurd one cost something. */
  readonly exponent: number;
  readonly shift: number;
}

/** Reads a quantity without rounding it. Throws on anything that is not one. */
export function parseQuantityParts(text: string | number): QuantityParts {
  const parsed = FORMAT.exec(String(text));
  if (!parsed) throw new Error(QUANTITY_ERROR);
  const [, sign, whole = "", fraction = "", bareFraction = "", exponent, suffix = ""] = parsed;
  const decimals = fraction || bareFraction;
  const power = exponent === undefined ? (POWERS_OF_10[suffix] ?? 0) : Math.max(-MAX_EXPONENT, Math.min(MAX_EXPONENT, Number(exponent)));
  return { digits: BigInt(`${sign === "-" ? "-" : ""}${whole}${decimals}`), exponent: power - decimals.length, shift: POWERS_OF_2[suffix] ?? 0 };
}

function parseExactly(text: string | number): { numerator: bigint; denominator: bigint } {
  const { digits, exponent, shift } = parseQuantityParts(text);
  return { numerator: (digits * 10n ** BigInt(Math.max(exponent, 0))) << BigInt(shift), denominator: 10n ** BigInt(Math.max(-exponent, 0)) };
}

function roundedUp(numerator: bigint, denominator: bigint): number {
  // Division of bigints rounds towards zero, which is already up for negative values.
  return Number(numerator / denominator + (numerator > 0n && numerator % denominator !== 0n ? 1n : 0n));
}

/** CPU as Kubernetes prints it: whole cores without a suffix, else thousandths. */
export function formatCpu(millis: number): string {
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`;
}

/** Bytes with the largest binary suffix that divides them. */
export function formatBytes(sizeBytes: number): string {
  for (const suffix of ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"]) {
    const unit = 2 ** POWERS_OF_2[suffix]!;
    if (sizeBytes >= unit && sizeBytes % unit === 0) return `${sizeBytes / unit}${suffix}`;
  }
  return String(sizeBytes);
}
