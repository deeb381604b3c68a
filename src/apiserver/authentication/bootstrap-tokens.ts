/**
 * Bootstrap tokens: short-lived secrets by which machines join a cluster.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go
 */
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "#lib/clock.ts";
import type { Secret } from "#api/types.ts";
import type { TokenAuthenticator } from "./authenticate.ts";

const TYPE = "bootstrap.kubernetes.io/token";
const GROUP = "system:bootstrappers";

export function bootstrapTokens(findSecret: (namespace: string, name: string) => Secret | undefined, clock: Clock): TokenAuthenticator {
  return (token) => {
    const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? [];
    if (id === undefined || secret === undefined) return undefined;
    const object = findSecret("kube-system", `bootstrap-token-${id}`);
    if (!object || object.metadata.deletionTimestamp || object.type !== TYPE) return undefined;
    const text = (key: string): string => Buffer.from(object.data?.[key] ?? "", "base64").toString("utf8");
    const expiration = text("expiration");
    const valid =
      isSame(text("token-secret"), secret) &&
      text("token-id") === id &&
      // An expiration that is none counts as past.
      (expiration === "" || Date.parse(expiration) > clock.now()) &&
      text("usage-bootstrap-authentication") === "true";
    if (!valid) return undefined;
    const extra = text("auth-extra-groups").split(",").filter((group) => group !== "");
    // Groups of others would make the token more than its maker is.
    if (!extra.every((group) => /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(group))) return undefined;
    return { user: { name: `system:bootstrap:${id}`, groups: [...new Set([GROUP, ...extra])] } };
  };
}

/** Takes the same time wherever two texts differ. */
function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
