/**
 * The canonical form of a quantity, in which the API server gives it back whatever form it was written in.
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/api/resource/quantity.go (CanonicalizeBytes)
 */
import { formatAmount, parseAmount } from "#lib/amount.ts";

/** `0.5` -> `500m`, `1024Mi` -> `1Gi`, `0.1Gi` -> `107374182400m`; finer than nano is rounded up. Expects a valid quantity. */
export function canonicalQuantity(text: string): string {
  return formatAmount(parseAmount(text));
}
