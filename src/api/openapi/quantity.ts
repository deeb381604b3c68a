/**
 * The canonical form of a quantity, in which the API server gives it back whatever form it was written in.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/api/resource/quantity.go (CanonicalizeBytes)
 */
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const NANO = 1_000_000_000n;

/** `0.5` -> `500m`, `1024Mi` -> `1Gi`, `0.1Gi` -> `107374182400m`; finer than nano is rounded up. Expects a valid quantity. */
export function canonicalQuantity(text: string): string {
  const parsed = /^([+-]?)(\d*)\.?(\d*)(?:([eE])([+-]?\d+)|([A-Za-z]*))$/.exec(text)!;
  const [, sign, whole, fraction, exponentSign, exponent, suffix = ""] = parsed;
  const binary = suffix.endsWith("i");
  const nanos = scaled(`${whole}${fraction}`, fraction!.length, binary ? suffix : "", exponentSign ? Number(exponent) : binary ? 0 : decimalPower(suffix));
  if (nanos === 0n) return "0";
  const body = binary && nanos >= 1024n * NANO && nanos % NANO === 0n ? binaryForm(nanos / NANO) : decimalForm(nanos, exponentSign !== undefined);
  return sign === "-" ? `-${body}` : body;
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
