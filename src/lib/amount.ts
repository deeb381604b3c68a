/**
 * Exact arithmetic on Kubernetes quantities, and the canonical form in which the API server prints them.
 * A sum keeps the notation of its first summand: 1Gi + 512Mi is 1536Mi, 1 + 100m is 1100m.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/api/resource/quantity.go
 */
export interface Amount {
  /** Billionths; finer is rounded up, as upstream. */
  readonly nanos: bigint;
  readonly notation: "decimal" | "binary" | "exponent";
}

const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const NANO = 1_000_000_000n;

export const NOTHING: Amount = { nanos: 0n, notation: "decimal" };

export const pieces = (count: number): Amount => ({ nanos: BigInt(count) * NANO, notation: "decimal" });

/** Expects a valid quantity. */
export function parseAmount(text: string | number): Amount {
  const parsed = /^([+-]?)(\d*)\.?(\d*)(?:([eE])([+-]?\d+)|([A-Za-z]*))$/.exec(String(text))!;
  const [, sign, whole, fraction, exponentSign, exponent, suffix = ""] = parsed;
  const binary = suffix.endsWith("i");
  const nanos = scaled(`${whole}${fraction}`, fraction!.length, binary ? suffix : "", exponentSign ? Number(exponent) : binary ? 0 : decimalPower(suffix));
  return { nanos: sign === "-" ? -nanos : nanos, notation: binary ? "binary" : exponentSign ? "exponent" : "decimal" };
}

/** `500m`, `1Gi`, `1536Mi`; what is no whole number of bytes is printed in decimals. */
export function formatAmount({ nanos, notation }: Amount): string {
  if (nanos === 0n) return "0";
  const size = nanos < 0n ? -nanos : nanos;
  const body = notation === "binary" && size >= 1024n * NANO && size % NANO === 0n ? binaryForm(size / NANO) : decimalForm(size, notation === "exponent");
  return nanos < 0n ? `-${body}` : body;
}

export function addAmounts(a: Amount, b: Amount): Amount {
  return { nanos: a.nanos + b.nanos, notation: a.nanos === 0n ? b.notation : a.notation };
}

export function subtractAmounts(a: Amount, b: Amount): Amount {
  return { nanos: a.nanos - b.nanos, notation: a.nanos === 0n ? b.notation : a.notation };
}

export function maxAmount(a: Amount, b: Amount): Amount {
  return b.nanos > a.nanos ? b : a;
}

/** Rounded up to whole units. */
export function wholeAmount({ nanos, notation }: Amount): Amount {
  const rest = ((nanos % NANO) + NANO) % NANO;
  return { nanos: rest === 0n ? nanos : nanos + NANO - rest, notation };
}

function decimalPower(suffix: string): number {
  return (DECIMAL.indexOf(suffix) - 3) * 3;
}

/** The magnitude in billionths, rounded up. */
function scaled(digits: string, decimals: number, binarySuffix: string, power: number): bigint {
  const factor = binarySuffix ? 1024n ** BigInt(BINARY.indexOf(binarySuffix)) : 1n;
  const shift = power - decimals + 9;
  const value = BigInt(digits || "0") * factor;
  if (shift >= 0) return value * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return (value + divisor - 1n) / divisor;
}

function decimalForm(nanos: bigint, asExponent: boolean): string {
  let mantissa = nanos;
  let step = 0;
  while (step < DECIMAL.length - 1 && mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    step++;
  }
  const power = (step - 3) * 3;
  if (!asExponent) return `${mantissa}${DECIMAL[step]}`;
  return power === 0 ? String(mantissa) : `${mantissa}e${power}`;
}

function binaryForm(value: bigint): string {
  let mantissa = value;
  let step = 0;
  while (step < BINARY.length - 1 && mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    step++;
  }
  return `${mantissa}${BINARY[step]}`;
}
