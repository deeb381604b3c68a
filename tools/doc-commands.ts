/**
 * The shell commands of the documents: every fence marked `sh` is run by a test (test/docs.test.ts), or says why not:
 *
 *     ```sh no-run (it would delete the reader's cluster)
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

export interface CommandBlock {
  file: string;
  /** Of the opening fence, from 1. */
  line: number;
  commands: string;
  /** Why it isn't run. */
  noRun?: string;
}

/** Fences that hold shell commands under another name would escape the test. */
const DISGUISED = new Set(["bash", "shell", "zsh", "console", "shellsession", "terminal"]);

export function documents(): string[] {
  return globSync(["*.md", "docs/**/*.md"], { cwd: ROOT }).sort();
}

/** The shell commands of a document. Throws when one is marked neither to be run nor, with a reason, not to be. */
export function commandBlocks(file: string, text = readFileSync(join(ROOT, file), "utf8")): CommandBlock[] {
  const blocks: CommandBlock[] = [];
  let open: { line: number; info: string; content: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (!fence) {
      open?.content.push(line);
    } else if (!open) {
      open = { line: index + 1, info: fence[1]!.trim(), content: [] };
    } else {
      const block = describe(file, open);
      if (block) blocks.push(block);
      open = undefined;
    }
  }
  if (open) throw new Error(`${file}:${open.line}: this fence is never closed`);
  return blocks;
}

function describe(file: string, { line, info, content }: { line: number; info: string; content: string[] }): CommandBlock | undefined {
  const [language = "", ...rest] = info.split(" ");
  if (DISGUISED.has(language)) throw new Error(`${file}:${line}: mark shell commands as sh, so that they are tested`);
  if (language !== "sh") return undefined;
  const block = { file, line, commands: content.join("\n") };
  if (rest.length === 0) return block;
  const reason = /^no-run \((.+)\)$/.exec(rest.join(" "))?.[1];
  if (reason === undefined) throw new Error(`${file}:${line}: write "sh", or "sh no-run (REASON)", not "${info}"`);
  return { ...block, noRun: reason };
}
