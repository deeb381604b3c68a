/** What the kubelet's tests share. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ContainerConfig } from "./runtime.ts";

const directories: string[] = [];
process.once("exit", () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** A directory that is removed when the test file is over: after the containers that live in it have been stopped. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tidepool-kubelet-"));
  directories.push(directory);
  return directory;
}

/** Waits until `condition` gives something truthy; fails loudly when it doesn't in time. */
export async function eventually<T>(condition: () => T | Promise<T>, what: string, timeoutMs = 10_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await delay(5);
  }
}

/** A container that runs `argv` in `directory`. */
export function containerConfig(directory: string, argv: string[], overrides: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    pod: { uid: "11111111-2222-3333-4444-555555555555", namespace: "default", name: "web", nodeName: "node" },
    name: "main",
    attempt: 0,
    image: "test:v1",
    imageId: "test@sha256:0",
    root: directory,
    argv,
    env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
    cwd: directory,
    mounts: [],
    stdin: false,
    stdinOnce: false,
    tty: false,
    stopSignal: "SIGTERM",
    terminationMessagePath: join(directory, "termination-log"),
    terminationMessagePolicy: "File",
    ...overrides,
  };
}
