/**
 * Bootstrap tokens as Secrets.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#bootstrap-token-secret-format
 */
import type { Secret } from "#api/types.ts";

export function isBootstrapToken({ metadata, type }: Secret): boolean {
  return metadata.namespace === "kube-system" && type === "bootstrap.kubernetes.io/token";
}

/** When the token ends: undefined where it doesn't; at once when that can't be read. */
export function endMs(secret: Secret): number | undefined {
  const text = valueOf(secret, "expiration");
  if (text === "") return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}

export function valueOf({ data }: Secret, key: string): string {
  return Buffer.from(data?.[key] ?? "", "base64").toString("utf8");
}
