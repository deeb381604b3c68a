/** What the end-to-end tests need beside Node: finds it, installs what it may, and says plainly what is missing. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { findChromium } from "../../test/support/browser.ts";
import { findKubectl } from "../../test/support/kubectl.ts";

export function prepareRequirements(): void {
  console.log("\nWhat the tests use");
  prepareChromium();
  const kubectl = findKubectl();
  console.log("path" in kubectl ? `  kubectl     ${kubectl.path} (${kubectl.version})` : `  kubectl     ${kubectl.reason}`);
}

function prepareChromium(): void {
  const found = findChromium();
  if ("path" in found) return console.log(`  Chromium    ${found.path}`);
  const mayInstall = process.env["CHROME_PATH"] === undefined && process.getuid?.() === 0 && existsSync("/etc/debian_version");
  if (!mayInstall) return console.log(`  Chromium    ${found.reason}`);
  console.log("  Chromium    is not here: installing it (apt-get install chromium)");
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", "chromium"]]) {
    const { status, stderr } = spawnSync("apt-get", args, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
    if (status !== 0) return console.log(`  Chromium    could not be installed: apt-get ${args[0]} ended with ${status}: ${stderr.trim()}\n              ${found.reason}`);
  }
  const installed = findChromium();
  console.log(`  Chromium    ${"path" in installed ? `${installed.path} (installed)` : installed.reason}`);
}
