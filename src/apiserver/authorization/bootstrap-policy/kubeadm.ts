/**
 * What `kubeadm init` adds: rights for its administrators, and for machines that join with a bootstrap token;
 * and what the manifest of a volume provisioner would.
 * @see https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/
 */
import type { PolicyRule } from "#api/types.ts";
import type { NamespaceRole } from "./namespace-roles.ts";
import { CORE, rule, STORAGE } from "./rule.ts";

const JOINING = "Group system:bootstrappers:kubeadm:default-node-token";

export const KUBEADM_CLUSTER_ROLES: Record<string, PolicyRule[]> = {
  "kubeadm:get-nodes": [rule("get", CORE, "nodes")],
  "local-path-provisioner": [rule("create", STORAGE, "storageclasses")],
};

/** ClusterRoleBindings: the role, and as in CLUSTER_ROLE_SUBJECTS whom it is bound to. */
export const KUBEADM_BINDINGS: Record<string, { role: string; subjects: string[] }> = {
  "kubeadm:cluster-admins": { role: "cluster-admin", subjects: ["Group kubeadm:cluster-admins"] },
  "local-path-provisioner": { role: "local-path-provisioner", subjects: ["ServiceAccount kube-system/local-path-provisioner"] },
  "kubeadm:get-nodes": { role: "kubeadm:get-nodes", subjects: [JOINING] },
  "kubeadm:kubelet-bootstrap": { role: "system:node-bootstrapper", subjects: [JOINING] },
  "kubeadm:node-autoapprove-bootstrap": { role: "system:certificates.k8s.io:certificatesigningrequests:nodeclient", subjects: [JOINING] },
  "kubeadm:node-autoapprove-certificate-rotation": { role: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", subjects: ["Group system:nodes"] },
};

export const KUBEADM_NAMESPACE_ROLES: NamespaceRole[] = [
  { namespace: "kube-public", name: "kubeadm:bootstrap-signer-clusterinfo", rules: [rule("get", CORE, "configmaps", "cluster-info")], subjects: ["User system:anonymous"] },
];
