/**
 * Signs the ConfigMap kube-public/cluster-info with every bootstrap token: a machine that has a token
 * and nothing else can tell whether the address and the authority in it are this cluster's.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#configmap-signing
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/bootstrap/bootstrapsigner.go
 */
import { createHmac } from "node:crypto";
import { configMaps, secrets } from "#api/resources.ts";
import type { ConfigMap, Secret } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { sameOnTheWire } from "../common/equality.ts";
import { endMs, isBootstrapToken, valueOf } from "./token.ts";

const CLUSTER_INFO = "kube-public/cluster-info";
const SIGNATURE = "jws-kubeconfig-";

export function startBootstrapSignerController(context: ControllerContext): Controller {
  const name = "bootstrap-signer-controller";
  const { client } = component(context, name, "bootstrap-signer");
  const configMapInformer = context.informers.for(configMaps);
  const secretInformer = context.informers.for(secrets);

  async function reconcile(): Promise<void> {
    const info = configMapInformer.get(CLUSTER_INFO);
    if (!info?.data?.["kubeconfig"]) return;
    const data = signed(info.data, secretInformer.list("kube-system"), context.clock.now());
    if (!sameOnTheWire(data, info.data)) await client.update(configMaps, { ...info, data });
  }

  return startController({
    name,
    clock: context.clock,
    log: context.log,
    workers: 1,
    sources: [
      source(configMapInformer, ({ metadata }) => (metadata.namespace === "kube-public" && metadata.name === "cluster-info" ? [CLUSTER_INFO] : [])),
      source(secretInformer, (secret) => (isBootstrapToken(secret) ? [CLUSTER_INFO] : [])),
    ],
    reconcile,
  });
}

/** The ConfigMap's data with the signatures of the tokens that are to sign it, and no others. */
export function signed(data: NonNullable<ConfigMap["data"]>, candidates: readonly Secret[], nowMs: number): Record<string, string> {
  const unsigned = Object.entries(data).filter(([key]) => !key.startsWith(SIGNATURE));
  const signatures = candidates.flatMap((secret) => {
    const [id, key] = [valueOf(secret, "token-id"), valueOf(secret, "token-secret")];
    const named = secret.metadata.name === `bootstrap-token-${id}`;
    const signs = isBootstrapToken(secret) && named && key !== "" && valueOf(secret, "usage-bootstrap-signing") === "true" && (endMs(secret) ?? Infinity) > nowMs;
    return signs ? [[`${SIGNATURE}${id}`, detachedSignature(data["kubeconfig"]!, id, key)] as const] : [];
  });
  return Object.fromEntries([...unsigned, ...signatures]);
}

/** A JWS without its payload, which the reader has. */
function detachedSignature(payload: string, id: string, key: string): string {
  const header = Buffer.from(JSON.stringify({ alg: "HS256", kid: id })).toString("base64url");
  const signature = createHmac("sha256", key).update(`${header}.${Buffer.from(payload).toString("base64url")}`).digest("base64url");
  return `${header}..${signature}`;
}
