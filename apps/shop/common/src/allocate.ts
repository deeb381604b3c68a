/**
 * Who gets a share of what is left: first come, first served, and who asks for more than is left is refused without
 * holding up those behind. Used for stock (pieces) and for credit (cents).
 */
export function allocate<T>(available: number, asks: readonly T[], amountOf: (ask: T) => number): { granted: T[]; refused: T[]; total: number } {
  const granted: T[] = [];
  const refused: T[] = [];
  let total = 0;
  for (const ask of asks) {
    const amount = amountOf(ask);
    if (total + amount <= available) {
      total += amount;
      granted.push(ask);
    } else {
      refused.push(ask);
    }
  }
  return { granted, refused, total };
}
