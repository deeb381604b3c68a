/**
 * The ClusterRoles that every cluster has, and to whom they are bound. Those of controllers are in
 * `controller-roles.ts`.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go
 */
import type { PolicyRule } from "#api/types.ts";
import {
  APPS,
  AUTHENTICATION,
  AUTHORIZATION,
  CERTIFICATES,
  COORDINATION,
  CORE,
  DISCOVERY,
  eventsRule,
  EXTENSIONS,
  NETWORKING,
  RBAC,
  READ,
  READ_UPDATE,
  READ_WRITE,
  RESOURCE,
  rule,
  STORAGE,
  urls,
  WRITE,
} from "./rule.ts";

/** What a kubelet may do; the Node authorizer and NodeRestriction hold it to its own node. */
export const NODE_RULES: PolicyRule[] = [
  rule("create", AUTHENTICATION, "tokenreviews"),
  rule("create", AUTHORIZATION, "subjectaccessreviews localsubjectaccessreviews"),
  rule(READ, CORE, "services"),
  rule("create get list watch", CORE, "nodes"),
  rule("update patch", CORE, "nodes/status"),
  rule("update patch", CORE, "nodes"),
  rule("create update patch", CORE, "events"),
  rule(READ, CORE, "pods"),
  rule("create delete", CORE, "pods"),
  rule("update patch", CORE, "pods/status"),
  rule("create", CORE, "pods/eviction"),
  rule(READ, CORE, "secrets configmaps"),
  rule("get", CORE, "persistentvolumeclaims persistentvolumes"),
  rule("get", CORE, "endpoints"),
  rule("create get list watch", CERTIFICATES, "certificatesigningrequests"),
  rule("get create update patch delete", COORDINATION, "leases"),
  rule("get", STORAGE, "volumeattachments"),
  rule("create", CORE, "serviceaccounts/token"),
  rule("get update patch", CORE, "persistentvolumeclaims/status"),
  rule(READ, STORAGE, "csidrivers"),
  rule("get create update patch delete", STORAGE, "csinodes"),
  rule(READ, "node.k8s.io", "runtimeclasses"),
  rule("get", RESOURCE, "resourceclaims"),
  rule("deletecollection", RESOURCE, "resourceslices"),
  rule("get", CORE, "serviceaccounts"),
];

const SIGNERS = ["legacy-unknown", "kubelet-serving", "kube-apiserver-client", "kube-apiserver-client-kubelet"];
const EXTENSION_WORKLOADS = "daemonsets deployments deployments/scale";
const EXTENSION_REST = "replicasets replicasets/scale replicationcontrollers/scale networkpolicies ingresses";

export const CLUSTER_ROLE_RULES: Record<string, PolicyRule[]> = {
  "cluster-admin": [rule("*", "*", "*"), { verbs: ["*"], nonResourceURLs: ["*"] }],
  "system:discovery": [urls("/livez", "/readyz", "/healthz", "/version", "/version/", "/openapi", "/openapi/*", "/api", "/api/*", "/apis", "/apis/*")],
  "system:monitoring": [urls("/metrics", "/metrics/slis", "/livez", "/readyz", "/healthz", "/livez/*", "/readyz/*", "/healthz/*")],
  "system:basic-user": [rule("create", AUTHORIZATION, "selfsubjectaccessreviews selfsubjectrulesreviews"), rule("create", AUTHENTICATION, "selfsubjectreviews")],
  "system:public-info-viewer": [urls("/livez", "/readyz", "/healthz", "/version", "/version/")],
  "system:heapster": [rule(READ, CORE, "events pods nodes namespaces"), rule(READ, EXTENSIONS, "deployments")],
  "system:node": NODE_RULES,
  "system:node-problem-detector": [rule("get", CORE, "nodes"), rule("patch", CORE, "nodes/status"), eventsRule],
  "system:kubelet-api-admin": [
    rule(READ, CORE, "nodes"),
    rule("proxy", CORE, "nodes"),
    rule("*", CORE, "nodes/proxy nodes/metrics nodes/stats nodes/log nodes/configz nodes/healthz nodes/pods"),
  ],
  "system:node-bootstrapper": [rule("create get list watch", CERTIFICATES, "certificatesigningrequests")],
  "system:auth-delegator": [rule("create", AUTHENTICATION, "tokenreviews"), rule("create", AUTHORIZATION, "subjectaccessreviews")],
  "system:kube-aggregator": [rule(READ, CORE, "services endpoints")],
  "system:kube-controller-manager": [
    eventsRule,
    rule("create", COORDINATION, "leases"),
    rule("get update", COORDINATION, "leases", "kube-controller-manager"),
    rule("create", CORE, "secrets serviceaccounts"),
    rule("delete", CORE, "secrets"),
    rule("get", CORE, "namespaces secrets serviceaccounts configmaps"),
    rule("update", CORE, "secrets serviceaccounts"),
    rule("create", AUTHENTICATION, "tokenreviews"),
    rule("create", AUTHORIZATION, "subjectaccessreviews"),
    rule("list watch", "*", "*"),
    rule("create", CORE, "serviceaccounts/token"),
  ],
  "system:kube-dns": [rule("list watch", CORE, "endpoints services")],
  "system:persistent-volume-provisioner": [
    rule("get list watch create delete", CORE, "persistentvolumes"),
    rule("get list watch update", CORE, "persistentvolumeclaims"),
    rule(READ, STORAGE, "storageclasses"),
    rule("watch", CORE, "events"),
    eventsRule,
  ],
  "system:certificates.k8s.io:certificatesigningrequests:nodeclient": [rule("create", CERTIFICATES, "certificatesigningrequests/nodeclient")],
  "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": [rule("create", CERTIFICATES, "certificatesigningrequests/selfnodeclient")],
  ...Object.fromEntries(SIGNERS.map((signer) => [`system:certificates.k8s.io:${signer}-approver`, [rule("approve", CERTIFICATES, "signers", `kubernetes.io/${signer}`)]])),
  "system:volume-scheduler": [rule(READ_UPDATE, CORE, "persistentvolumes"), rule(READ, STORAGE, "storageclasses"), rule(READ_UPDATE, CORE, "persistentvolumeclaims")],
  "system:service-account-issuer-discovery": [urls("/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/")],
  "system:node-proxier": [
    rule("list watch", CORE, "services endpoints"),
    rule(READ, CORE, "nodes"),
    eventsRule,
    rule("list watch", NETWORKING, "servicecidrs"),
    rule("list watch", DISCOVERY, "endpointslices"),
  ],
  "system:kube-scheduler": [
    eventsRule,
    rule("create", COORDINATION, "leases"),
    rule("get list watch update", COORDINATION, "leases", "kube-scheduler"),
    rule(READ_WRITE, COORDINATION, "leasecandidates"),
    rule(READ, CORE, "nodes"),
    rule("get list watch delete", CORE, "pods"),
    rule("create", CORE, "pods/binding bindings"),
    rule("patch update", CORE, "pods/status"),
    rule(READ, CORE, "services replicationcontrollers"),
    rule(READ, [APPS, EXTENSIONS], "replicasets"),
    rule(READ, APPS, "statefulsets"),
    rule(READ, "policy", "poddisruptionbudgets"),
    rule(READ, CORE, "persistentvolumeclaims persistentvolumes"),
    rule("create", AUTHENTICATION, "tokenreviews"),
    rule("create", AUTHORIZATION, "subjectaccessreviews"),
    rule(READ, STORAGE, "csinodes"),
    rule(READ, STORAGE, "volumeattachments"),
    rule(READ, CORE, "namespaces"),
    rule(READ, STORAGE, "csidrivers"),
    rule(READ, STORAGE, "csistoragecapacities"),
    rule(READ, RESOURCE, "deviceclasses"),
    rule(READ_UPDATE, RESOURCE, "resourceclaims"),
    rule(READ_UPDATE, RESOURCE, "resourceclaims/status"),
    rule(READ_UPDATE, CORE, "pods/finalizers"),
    rule(READ, RESOURCE, "resourceslices"),
  ],
  "system:aggregate-to-admin": [rule("create", AUTHORIZATION, "localsubjectaccessreviews"), rule(READ_WRITE, RBAC, "roles rolebindings")],
  "system:aggregate-to-edit": [
    // Reading these is as good as writing.
    rule(READ, CORE, "pods/attach pods/proxy pods/exec pods/portforward secrets services/proxy"),
    rule("impersonate", CORE, "serviceaccounts"),
    rule(WRITE, CORE, "pods pods/attach pods/proxy pods/exec pods/portforward"),
    rule("create", CORE, "pods/eviction"),
    rule(WRITE, CORE, "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy persistentvolumeclaims configmaps secrets events"),
    rule("create", CORE, "serviceaccounts/token"),
    rule(WRITE, APPS, "statefulsets statefulsets/scale daemonsets deployments deployments/scale deployments/rollback replicasets replicasets/scale"),
    rule(WRITE, "autoscaling", "horizontalpodautoscalers"),
    rule(WRITE, "batch", "jobs cronjobs"),
    rule(WRITE, EXTENSIONS, `${EXTENSION_WORKLOADS} deployments/rollback ${EXTENSION_REST}`),
    rule(WRITE, "policy", "poddisruptionbudgets"),
    rule(WRITE, NETWORKING, "networkpolicies ingresses"),
    rule(READ_WRITE, COORDINATION, "leases"),
    rule(WRITE, RESOURCE, "resourceclaims resourceclaimtemplates"),
  ],
  "system:aggregate-to-view": [
    rule(READ, CORE, "pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status endpoints persistentvolumeclaims persistentvolumeclaims/status configmaps"),
    rule(READ, CORE, "limitranges resourcequotas bindings events pods/status resourcequotas/status namespaces/status replicationcontrollers/status pods/log"),
    rule(READ, CORE, "namespaces"),
    rule(READ, DISCOVERY, "endpointslices"),
    rule(READ, APPS, "controllerrevisions statefulsets statefulsets/status statefulsets/scale daemonsets daemonsets/status deployments deployments/status deployments/scale replicasets replicasets/status replicasets/scale"),
    rule(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
    rule(READ, "batch", "jobs cronjobs cronjobs/status jobs/status"),
    rule(READ, EXTENSIONS, `${EXTENSION_WORKLOADS} daemonsets/status deployments/status ingresses/status replicasets/status ${EXTENSION_REST}`),
    rule(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    rule(READ, NETWORKING, "networkpolicies ingresses ingresses/status"),
    rule(READ, RESOURCE, "resourceclaims resourceclaims/status resourceclaimtemplates"),
  ],
};

/** Roles that gather the rules of all roles with the label `rbac.authorization.k8s.io/aggregate-to-NAME`. */
export const AGGREGATED = ["admin", "edit", "view"];

/** Into which of them a role's rules go. */
export const AGGREGATE_TO: Record<string, string> = {
  edit: "admin",
  view: "edit",
  "system:aggregate-to-admin": "admin",
  "system:aggregate-to-edit": "edit",
  "system:aggregate-to-view": "view",
};

/** `Group NAME`, `User NAME` or `ServiceAccount NAMESPACE/NAME`, by the role that the ClusterRoleBinding of the same name binds. */
export const CLUSTER_ROLE_SUBJECTS: Record<string, string[]> = {
  "cluster-admin": ["Group system:masters"],
  "system:monitoring": ["Group system:monitoring"],
  "system:discovery": ["Group system:authenticated"],
  "system:basic-user": ["Group system:authenticated"],
  "system:public-info-viewer": ["Group system:authenticated", "Group system:unauthenticated"],
  "system:node-proxier": ["User system:kube-proxy"],
  "system:kube-controller-manager": ["User system:kube-controller-manager"],
  "system:kube-dns": ["ServiceAccount kube-system/kube-dns"],
  "system:kube-scheduler": ["User system:kube-scheduler"],
  "system:volume-scheduler": ["User system:kube-scheduler"],
  "system:service-account-issuer-discovery": ["Group system:serviceaccounts"],
  // The Node authorizer does it: the binding is there to be seen, and binds nobody.
  "system:node": [],
};
