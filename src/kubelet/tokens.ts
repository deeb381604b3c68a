/**
 * Service account tokens for projected volumes, asked for once and renewed in time.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/token/token_manager.go
 */
import type { Clock } from "#lib/clock.ts";
import type { Client } from "#client/client.ts";
import { serviceAccounts } from "#api/resources.ts";
import type { Pod, TokenRequest } from "#api/types.ts";
import type { TokenSource } from "./volume-content.ts";

/** A token is renewed when this part of its life is over. */
const RENEW_AT = 0.8;

export class PodTokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #pod: Pod;
  readonly #tokens = new Map<string, { token: string; renewAtMs: number }>();

  constructor(client: Client, clock: Clock, pod: Pod) {
    this.#client = client;
    this.#clock = clock;
    this.#pod = pod;
  }

  readonly source: TokenSource = async (audience, expirationSeconds) => {
    const key = `${audience ?? ""} ${expirationSeconds}`;
    const nowMs = this.#clock.now();
    const known = this.#tokens.get(key);
    if (known && known.renewAtMs > nowMs) return known.token;
    const { namespace, name, uid } = this.#pod.metadata;
    const account = this.#pod.spec.serviceAccountName ?? "default";
    const { status } = await this.#client.post<TokenRequest>(serviceAccounts, { name: account, namespace }, "token", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: {
        audiences: audience ? [audience] : [],
        expirationSeconds,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
      },
    });
    if (!status?.token) throw new Error(`failed to fetch token: the server gave none for service account ${account}`);
    const lifeMs = Date.parse(status.expirationTimestamp ?? "") - nowMs;
    this.#tokens.set(key, { token: status.token, renewAtMs: nowMs + (Number.isFinite(lifeMs) ? lifeMs : expirationSeconds * 1000) * RENEW_AT });
    return status.token;
  };

  /** When the next token is due for renewal; undefined when there is none. */
  get renewAtMs(): number | undefined {
    const times = [...this.#tokens.values()].map(({ renewAtMs }) => renewAtMs);
    return times.length > 0 ? Math.min(...times) : undefined;
  }
}
