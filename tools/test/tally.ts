/** What a run of the tests found, and how it is told at the end. */

export interface Tally {
  passed: number;
  /** What failed, by name. */
  failures: string[];
  /** What did not run, and why. */
  skips: { name: string; reason: string }[];
}

export function emptyTally(): Tally {
  return { passed: 0, failures: [], skips: [] };
}

/** Prints the skipped with their reasons, the failed by name, and as the last line the counts. */
export function printSummary(tally: Tally, tookMs: number): void {
  const reasons = Map.groupBy(tally.skips, ({ reason }) => reason);
  if (reasons.size > 0) console.log("\nSkipped");
  for (const [reason, skips] of reasons) {
    console.log(`  ${skips.length} of them: ${reason}`);
    for (const { name } of skips) console.log(`    - ${name}`);
  }
  if (tally.failures.length > 0) {
    console.log("\nFailed");
    for (const failure of tally.failures) console.log(`  - ${failure}`);
  }
  console.log(`\n${tally.skips.length} skipped, ${(tookMs / 1000).toFixed(0)} s`);
  console.log(`${tally.passed} passed, ${tally.failures.length} failed`);
}
