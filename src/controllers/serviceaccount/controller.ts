/**
 * What every namespace has from birth: the ServiceAccount `default`, and the ConfigMap with the
 * cluster's certificate authority.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/serviceaccount/serviceaccounts_controller.go
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/certificates/rootcacertpublisher/publisher.go
 */
import { isAlreadyExists } from "#api/errors.ts";
import { configMaps, namespaces, serviceAccounts } from "#api/resources.ts";
import type { ConfigMap } from "#api/types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";
import { isNamespaceTerminating } from "../common/effects.ts";
import { sameOnTheWire } from "../common/equality.ts";

const ROOT_CA = "kube-root-ca.crt";
const DESCRIPTION =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/** `caBundle`: the certificates that clients inside the cluster trust, as PEM. */
export function startServiceAccountController(context: ControllerContext, caBundle: string): Controller {
  const { client } = component(context, "serviceaccount-controller");
  const publisher = component(context, "root-ca-certificate-publisher-controller", "root-ca-cert-publisher").client;
  const namespaceInformer = context.informers.for(namespaces);
  const accountInformer = context.informers.for(serviceAccounts);
  const configMapInformer = context.informers.for(configMaps);
  const data = { "ca.crt": caBundle };

  async function reconcile(namespace: string): Promise<void> {
    const object = namespaceInformer.get(namespace);
    if (!object || object.metadata.deletionTimestamp) return;
    try {
      if (!accountInformer.get(`${namespace}/default`)) await client.create(serviceAccounts, { metadata: { name: "default", namespace } });
      await publish(namespace, configMapInformer.get(`${namespace}/${ROOT_CA}`));
    } catch (error) {
      // Already there: the local copy lags, and shows it soon.
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
    }
  }

  async function publish(namespace: string, existing: ConfigMap | undefined): Promise<void> {
    const annotations = { ...existing?.metadata.annotations, "kubernetes.io/description": DESCRIPTION };
    if (!existing) await publisher.create(configMaps, { metadata: { name: ROOT_CA, namespace, annotations }, data });
    else if (!sameOnTheWire(existing.data, data)) await publisher.update(configMaps, { ...existing, metadata: { ...existing.metadata, annotations }, data });
  }

  return startController({
    name: "serviceaccount-controller",
    clock: context.clock,
    log: context.log,
    sources: [
      source(namespaceInformer),
      source(accountInformer, ({ metadata }) => (metadata.name === "default" ? [metadata.namespace!] : [])),
      source(configMapInformer, ({ metadata }) => (metadata.name === ROOT_CA ? [metadata.namespace!] : [])),
    ],
    reconcile,
  });
}
