/**
 * Kubelets write to their own Node and to pods bound to it, and get tokens for those pods only.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/noderestriction/admission.go
 */
import { isDeepStrictEqual } from "node:util";
import { notFound } from "#api/errors.ts";
import type { CertificateSigningRequest, KubeObject, Node, PersistentVolumeClaim, Pod, TokenRequest } from "#api/types.ts";
import { parseCertificateRequest } from "#lib/certificate-request.ts";
import { errorMessage } from "#lib/log.ts";
import { nodeNameOf } from "../authorization/node-authorizer.ts";
import { MIRROR_POD, podReferences } from "#api/pod-references.ts";
import { refusal, type AdmissionPlugin, type Attributes } from "./admission.ts";

const KUBELET_SIGNERS = ["kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet"];
const LEASE_NAMESPACE = "kube-node-lease";

/** Labels of Kubernetes that a kubelet may set on its node; others could draw workloads to it. */
const KUBELET_LABELS = new Set([
  "kubernetes.io/hostname",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "node.kubernetes.io/instance-type",
  "beta.kubernetes.io/instance-type",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "node.kubernetes.io/windows-build",
]);
const KUBELET_NAMESPACES = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const RESTRICTED_NAMESPACE = "node-restriction.kubernetes.io";

export interface NodeRestrictionFinders {
  pod: (namespace: string, name: string) => Pod | undefined;
  node: (name: string) => Node | undefined;
}

/** Throws what refuses the request. */
type Check = (node: string, attributes: Attributes) => void;

export function nodeRestriction(find: NodeRestrictionFinders): AdmissionPlugin {
  const checks: Record<string, Check> = {
    pods: (node, attributes) => {
      const check = { "": checkPod, status: checkPodStatus, eviction: checkEviction }[attributes.subresource];
      if (!check) throw refusal(attributes, `unexpected pod subresource ${JSON.stringify(attributes.subresource)}, only 'status' and 'eviction' are allowed`);
      check(node, attributes);
    },
    nodes: checkNode,
    persistentvolumeclaims: checkClaim,
    serviceaccounts: checkTokenRequest,
    "certificatesigningrequests.certificates.k8s.io": checkCertificateRequest,
    "leases.coordination.k8s.io": checkLease,
    "csinodes.storage.k8s.io": (node, attributes) => checkOwn(node, attributes, "can only access CSINode with the same name as the requesting node"),
  };

  function existingPod(attributes: Attributes, name = attributes.name): Pod {
    const pod = find.pod(attributes.namespace, name);
    if (!pod) throw notFound({ resource: "pods", name });
    return pod;
  }

  function checkPod(node: string, attributes: Attributes): void {
    const { operation } = attributes;
    if (operation === "CREATE") return checkMirrorPod(node, attributes);
    if (operation !== "DELETE") throw refusal(attributes, `unexpected operation ${JSON.stringify(operation)}, node ${JSON.stringify(node)} can only create and delete mirror pods`);
    if (existingPod(attributes).spec.nodeName !== node) throw refusal(attributes, `node ${JSON.stringify(node)} can only delete pods with spec.nodeName set to itself`);
  }

  function checkMirrorPod(node: string, attributes: Attributes): void {
    const pod = attributes.object as Pod;
    const refuse = (why: string): void => {
      throw refusal(attributes, why);
    };
    const name = JSON.stringify(node);
    if (pod.metadata.annotations?.[MIRROR_POD] === undefined) refuse(`pod does not have "${MIRROR_POD}" annotation, node ${name} can only create mirror pods`);
    if (pod.spec.nodeName !== node) refuse(`node ${name} can only create pods with spec.nodeName set to itself`);
    const [owner, ...more] = pod.metadata.ownerReferences ?? [];
    if (more.length > 0) refuse(`node ${name} can only create pods with a single owner reference set to itself`);
    if (owner?.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node) return refuse(`node ${name} can only create pods with an owner reference set to itself`);
    if (!owner.controller) refuse(`node ${name} can only create pods with a controller owner reference set to itself`);
    if (owner.blockOwnerDeletion) refuse(`node ${name} must not set blockOwnerDeletion on an owner reference`);
    const self = find.node(node);
    if (!self) throw notFound({ resource: "nodes", name: node });
    if (owner.uid !== self.metadata.uid) refuse(`node ${node} UID mismatch: expected ${owner.uid} got ${self.metadata.uid}`);
    if (pod.spec.serviceAccountName) refuse(`node ${name} can not create pods that reference a service account`);
    const { secrets, configMaps, claims } = podReferences(pod);
    if (secrets.size > 0) refuse(`node ${name} can not create pods that reference secrets`);
    if (configMaps.size > 0) refuse(`node ${name} can not create pods that reference configmaps`);
    if (claims.size > 0) refuse(`node ${name} can not create pods that reference persistentvolumeclaims`);
  }

  function checkPodStatus(node: string, attributes: Attributes): void {
    const { operation, object, oldObject } = attributes;
    if (operation !== "UPDATE") throw refusal(attributes, `unexpected operation ${JSON.stringify(operation)}`);
    const [pod, old] = [object as Pod, oldObject as Pod];
    if (old.spec.nodeName !== node) throw refusal(attributes, `node ${JSON.stringify(node)} can only update pod status for pods with spec.nodeName set to itself`);
    if (!isDeepStrictEqual(pod.metadata.labels ?? {}, old.metadata.labels ?? {})) throw refusal(attributes, `node ${JSON.stringify(node)} cannot update labels through pod status`);
    if (!isDeepStrictEqual(pod.status?.resourceClaimStatuses ?? [], old.status?.resourceClaimStatuses ?? [])) {
      throw refusal(attributes, `node ${JSON.stringify(node)} cannot update resource claim statues`);
    }
  }

  function checkEviction(node: string, attributes: Attributes): void {
    if (attributes.operation !== "CREATE") throw refusal(attributes, `unexpected operation ${attributes.operation}`);
    if (existingPod(attributes).spec.nodeName !== node) throw refusal(attributes, `node ${node} can only evict pods with spec.nodeName set to itself`);
  }

  function checkTokenRequest(_node: string, attributes: Attributes): void {
    if (attributes.operation !== "CREATE" || attributes.subresource !== "token") return;
    const { boundObjectRef: bound, audiences = [] } = (attributes.object as TokenRequest).spec;
    if (bound?.apiVersion !== "v1" || bound.kind !== "Pod" || !bound.name) throw refusal(attributes, "node requested token not bound to a pod");
    if (!bound.uid) throw refusal(attributes, "node requested token with a pod binding without a uid");
    const pod = existingPod(attributes, bound.name);
    if (pod.metadata.uid !== bound.uid) {
      throw refusal(attributes, `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
    }
    if (pod.spec.nodeName !== nodeNameOf(attributes.user)) throw refusal(attributes, "node requested token bound to a pod scheduled on a different node");
    const foreign = audiences.find((audience) => !projectedAudiences(pod).has(audience));
    if (foreign !== undefined) throw refusal(attributes, `audience ${JSON.stringify(foreign)} not found in pod spec volume`);
  }

  return {
    name: "NodeRestriction",
    admit(attributes) {
      const node = nodeNameOf(attributes.user);
      if (node === undefined) return;
      if (node === "") throw refusal(attributes, `could not determine node from user ${JSON.stringify(attributes.user.name)}`);
      const { group, plural } = attributes.definition;
      checks[group === "" ? plural : `${plural}.${group}`]?.(node, attributes);
    },
  };
}

function projectedAudiences({ spec }: Pod): Set<string> {
  return new Set((spec.volumes ?? []).flatMap(({ projected }) => (projected?.sources ?? []).map(({ serviceAccountToken }) => serviceAccountToken?.audience ?? "")));
}

function checkNode(node: string, attributes: Attributes): void {
  const { operation, object, oldObject } = attributes;
  const name = attributes.name || object?.metadata.name || "";
  if (name !== node) throw refusal(attributes, `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(name)}`);
  const [now, old]: (Node | undefined)[] = [object, oldObject];
  if (operation === "CREATE") {
    if (now!.spec?.configSource) throw refusal(attributes, `node ${JSON.stringify(node)} is not allowed to create pods with a non-nil configSource`);
    const forbidden = forbiddenLabels(now!.metadata.labels, undefined);
    if (forbidden.length > 0) throw refusal(attributes, `node ${JSON.stringify(node)} is not allowed to set the following labels: ${forbidden.join(", ")}`);
  }
  if (operation === "UPDATE") {
    if (now!.spec?.configSource && !isDeepStrictEqual(now!.spec.configSource, old!.spec?.configSource)) {
      throw refusal(attributes, `node ${JSON.stringify(node)} is not allowed to update configSource to a new non-nil configSource`);
    }
    if (!isDeepStrictEqual(now!.spec?.taints ?? [], old!.spec?.taints ?? [])) throw refusal(attributes, `node ${JSON.stringify(node)} is not allowed to modify taints`);
    const forbidden = forbiddenLabels(now!.metadata.labels, old!.metadata.labels);
    if (forbidden.length > 0) throw refusal(attributes, `is not allowed to modify labels: ${forbidden.join(", ")}`);
    if (!isDeepStrictEqual(now!.metadata.ownerReferences ?? [], old!.metadata.ownerReferences ?? [])) {
      throw refusal(attributes, `node ${JSON.stringify(node)} is not allowed to modify ownerReferences`);
    }
  }
}

/** Labels that changed and that a node may not set, sorted. */
function forbiddenLabels(labels: Record<string, string> = {}, old: Record<string, string> = {}): string[] {
  const changed = [...new Set([...Object.keys(labels), ...Object.keys(old)])].filter((key) => labels[key] !== old[key]);
  return changed.filter(isForbidden).sort();
}

function isForbidden(label: string): boolean {
  const slash = label.indexOf("/");
  const domain = slash < 0 ? "" : label.slice(0, slash);
  const below = (parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);
  if (below(RESTRICTED_NAMESPACE)) return true;
  return (below("kubernetes.io") || below("k8s.io")) && !KUBELET_LABELS.has(label) && !KUBELET_NAMESPACES.some(below);
}

function checkClaim(node: string, attributes: Attributes): void {
  const { operation, subresource, object, oldObject } = attributes;
  if (subresource !== "status") throw refusal(attributes, "may only update PVC status");
  if (operation !== "UPDATE") throw refusal(attributes, `unexpected operation ${JSON.stringify(operation)}`);
  if (!isDeepStrictEqual(fixedPart(object as PersistentVolumeClaim), fixedPart(oldObject as PersistentVolumeClaim))) {
    throw refusal(attributes, `node ${JSON.stringify(node)} is not allowed to update fields other than status.capacity and status.conditions`);
  }
}

/** All of a claim but what a kubelet reports of its size. */
function fixedPart({ metadata, status, ...rest }: PersistentVolumeClaim): object {
  const { resourceVersion: _, managedFields: __, ...kept } = metadata;
  const { capacity: ___, conditions: ____, allocatedResources: _____, allocatedResourceStatuses: ______, ...fixed } = status ?? {};
  return { ...rest, metadata: kept, status: fixed };
}

function checkLease(node: string, attributes: Attributes): void {
  if (attributes.namespace !== LEASE_NAMESPACE) throw refusal(attributes, `can only access leases in the "${LEASE_NAMESPACE}" system namespace`);
  checkOwn(node, attributes, "can only access node lease with the same name as the requesting node");
}

function checkOwn(node: string, attributes: Attributes, why: string): void {
  const { operation, name, object } = attributes;
  if ((operation === "CREATE" ? (object as KubeObject).metadata.name : name) !== node) throw refusal(attributes, why);
}

/** Of what else it says its signer takes care. */
function checkCertificateRequest(node: string, attributes: Attributes): void {
  if (attributes.operation !== "CREATE") return;
  const { spec } = attributes.object as CertificateSigningRequest;
  if (!KUBELET_SIGNERS.includes(spec.signerName)) return;
  let commonName: string;
  try {
    ({ commonName } = parseCertificateRequest(Buffer.from(spec.request, "base64").toString()));
  } catch (error) {
    throw refusal(attributes, `unable to parse csr: ${errorMessage(error)}`);
  }
  if (commonName !== `system:node:${node}`) throw refusal(attributes, `can only create a node CSR with CN=system:node:${node}`);
}
