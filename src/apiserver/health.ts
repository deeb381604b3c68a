/**
 * Health checks: `ok`, or each check with `?verbose`.
 * @see https://kubernetes.io/docs/reference/using-api/health-checks/
 */
import type { HttpResponse } from "#lib/http.ts";
import { text } from "./response.ts";

export interface HealthCheck {
  name: string;
  healthy: () => boolean;
}

const ENDPOINTS = ["healthz", "livez", "readyz"];

/** Undefined when the path is no health check's. */
export function handleHealth(path: string, query: URLSearchParams, checks: readonly HealthCheck[]): HttpResponse | undefined {
  const [endpoint = "", name, ...rest] = path.split("/").filter((part) => part !== "");
  if (!ENDPOINTS.includes(endpoint) || rest.length > 0) return undefined;
  const excluded = query.getAll("exclude");
  const chosen = checks.filter((check) => (name === undefined || check.name === name) && !excluded.includes(check.name));
  if (name !== undefined && chosen.length === 0) return text(404, "404 page not found\n");
  const results = chosen.map((check) => ({ name: check.name, healthy: check.healthy() }));
  const healthy = results.every((result) => result.healthy);
  if (healthy && !query.has("verbose")) return text(200, "ok");
  const lines = results.map((result) => (result.healthy ? `[+]${result.name} ok` : `[-]${result.name} failed: reason withheld`));
  return text(healthy ? 200 : 500, `${lines.join("\n")}\n${endpoint} check ${healthy ? "passed" : "failed"}\n`);
}
