/** Headless Chromium, the system's own. */
import { chromium, type Browser } from "playwright-core";
import { which } from "./which.ts";

const NAMES = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Where the browser is, or what to do about it; `reason` is a test's reason to be skipped. */
export function findChromium(): { path: string } | { reason: string } {
  const wanted = process.env["CHROME_PATH"];
  if (wanted !== undefined) return which(wanted) ? { path: which(wanted)! } : { reason: `CHROME_PATH is ${wanted}, which is no program` };
  for (const name of NAMES) {
    const path = which(name);
    if (path !== undefined) return { path };
  }
  return { reason: "there is no Chromium: install it (Debian: apt-get install chromium; macOS: brew install --cask chromium) or set CHROME_PATH" };
}

export function launchChromium(path: string): Promise<Browser> {
  // Chromium's own sandbox does not start for root; the page is ours.
  return chromium.launch({ executablePath: path, headless: true, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}
