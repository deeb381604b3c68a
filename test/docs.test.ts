import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commandBlocks, documents, type CommandBlock } from "../tools/doc-commands.ts";
import { sharedShop } from "./support/cluster.ts";
import { findKubectl } from "./support/kubectl.ts";
import { ROOT, start } from "./support/tidepool.ts";
import { which } from "./support/which.ts";

const cluster = await sharedShop();

/** Programs a document may use that not every machine has. */
const OPTIONAL = ["kubectl", "jq", "curl", "skopeo", "helm", "psql", "openssl"];

function missing(blocks: CommandBlock[]): string | false {
  const kubectl = findKubectl();
  const without = OPTIONAL.filter((program) => (program === "kubectl" ? "reason" in kubectl : !which(program)));
  const needed = without.filter((program) => blocks.some(({ commands }) => new RegExp(`(^|[|;&($\\s])${program}\\s`, "m").test(commands)));
  return needed.length > 0 && `its commands need ${needed.join(", ")}`;
}

describe("the documents' commands work", () => {
  for (const file of documents()) {
    const blocks = commandBlocks(file).filter(({ noRun }) => noRun === undefined);
    if (blocks.length === 0) continue;
    test(`${file}, from top to bottom`, { skip: missing(blocks) }, async () => {
      // One shell, as its reader has: what one block exports the next one uses.
      const script = ["set -euo pipefail", ...blocks.map(({ line, commands }) => `echo "--- ${file}:${line}" >&2\n${commands}`)].join("\n");
      const { code, stdout, stderr } = await start("bash", ["-c", script], { cwd: ROOT, env: { ...process.env, TIDEPOOL_DATA: cluster.dataDir }, timeoutMs: 240_000 }).finished;
      assert.equal(code, 0, `${stdout}\n${stderr}`);
    });
  }
});
