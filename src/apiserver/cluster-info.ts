/**
 * What anyone may know of the cluster, as `kubeadm init` publishes it: where it is, and its authority.
 * @see https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/#create-the-public-cluster-info-configmap
 */
import type { HttpHandler } from "#lib/http.ts";
import { configMaps } from "#api/resources.ts";
import { replace } from "./own-writes.ts";

/** `server`: `https://127.0.0.1:6443`; `ca` in PEM. Signatures of bootstrap tokens are added by a controller. Throws a StatusError. */
export async function publishClusterInfo(handler: HttpHandler, { server, ca }: { server: string; ca: string }): Promise<void> {
  const kubeconfig = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${Buffer.from(ca).toString("base64")}
    server: ${server}
  name: ""
contexts: null
current-context: ""
kind: Config
preferences: {}
users: null
`;
  await replace(handler, configMaps, { metadata: { name: "cluster-info", namespace: "kube-public" }, data: { kubeconfig } });
}
