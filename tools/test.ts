/**
 * `npm test`: the static checks, the unit tests, then the end-to-end tests against one cluster that they share.
 *
 *   tools/test.ts [check|unit|e2e] [FILTER]
 *   tools/test.ts alone FILE         an end-to-end test that brings its own cluster
 *
 * FILTER picks test files by a part of their path, or, where none matches, tests by a part of their name.
 * Exit code 0 when nothing failed; the last line counts.
 */
import { prepareRequirements } from "./test/requirements.ts";
import { runChecks } from "./test/checks.ts";
import { withSharedCluster } from "./test/shared-cluster.ts";
import { emptyTally, printSummary, type Tally } from "./test/tally.ts";
import { runTestFiles, selectFiles } from "./test/run-files.ts";

const GROUPS = ["check", "unit", "e2e", "alone"];

const args = process.argv.slice(2);
const only = GROUPS.includes(args[0]!) ? args.shift() : undefined;
const filter = args.shift();
const wanted = (group: string): boolean => only === undefined || only === group;

const tally: Tally = emptyTally();
const startedAt = performance.now();

if (wanted("check") && filter === undefined) runChecks(tally);
if (wanted("unit")) {
  const unit = selectFiles(["src/**/*.test.ts", "apps/**/*.test.ts", "test/structure/*.test.ts"], filter);
  if (unit.files.length > 0) await runTestFiles("Unit tests", unit, tally, { atOnce: 2, timeoutMs: 120_000 });
}
if (wanted("e2e")) {
  const e2e = selectFiles(["test/*.test.ts", "test/kubectl/*.test.ts"], filter);
  if (e2e.files.length > 0) {
    prepareRequirements();
    await withSharedCluster(tally, () => runTestFiles("End to end", e2e, tally, { atOnce: 1, timeoutMs: 300_000 }));
  }
}
if (only === "alone") await runTestFiles("End to end", selectFiles([filter!], undefined), tally, { atOnce: 1, timeoutMs: 900_000 });

printSummary(tally, performance.now() - startedAt);
process.exit(tally.failures.length === 0 && tally.passed > 0 ? 0 : 1);
