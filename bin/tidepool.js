#!/usr/bin/env node
// Finds the pinned Node and runs Tidepool on it. This file itself must run on any Node from 20.
//   tidepool COMMAND ...        runs the command line (src/cli/main.ts)
//   tidepool --run FILE ...     runs a script of this repository on the pinned Node (npm scripts use it)
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function pinnedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/package.json`);
    const binary = join(dirname(manifest), "bin", "node");
    if (existsSync(binary)) return binary;
  } catch {
    // No pinned build for this platform: the running Node may do.
  }
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  process.stderr.write(
    `tidepool: needs Node 24. There is no pinned Node for ${process.platform}-${process.arch} in node_modules, and this is ${process.version}.\n` +
      "Run 'npm ci' again, or install Node 24 or newer.\n",
  );
  process.exit(1);
}

const [first, ...rest] = process.argv.slice(2);
const args = first === "--run" ? rest : [join(root, "src/cli/main.ts"), ...process.argv.slice(2)];
const node = pinnedNode();
const child = spawn(node, ["--disable-warning=ExperimentalWarning", ...args], {
  stdio: "inherit",
  // npm scripts and their children find the pinned Node first.
  env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ""}` },
});
// The child decides, and we leave with its answer. A terminal's Ctrl-C has reached it already, with the whole group.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal));
child.on("error", (error) => {
  process.stderr.write(`tidepool: cannot start ${node}: ${error.message}\n`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
