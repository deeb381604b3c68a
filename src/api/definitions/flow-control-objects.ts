/**
 * The flow schemas and priority levels that every API server has. They tell how requests would be sorted;
 * this server limits none.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/apis/flowcontrol/bootstrap/default.go
 */
import type { FlowSchema, PriorityLevelConfiguration } from "../types.ts";

type SchemaSpec = FlowSchema["spec"];
type LevelSpec = PriorityLevelConfiguration["spec"];
type Rule = NonNullable<SchemaSpec["rules"]>[number];
type Subjects = Rule["subjects"];

const ALL = ["*"];
const EVERYONE = groups("system:unauthenticated", "system:authenticated");

function groups(...names: string[]): Subjects {
  return names.map((name) => ({ kind: "Group", group: { name } }));
}

function users(...names: string[]): Subjects {
  return names.map((name) => ({ kind: "User", user: { name } }));
}

const KUBE_SYSTEM_ACCOUNTS: Subjects = [{ kind: "ServiceAccount", serviceAccount: { name: "*", namespace: "kube-system" } }];

function toEverything(subjects: Subjects): Rule {
  return {
    subjects,
    resourceRules: [{ verbs: ALL, apiGroups: ALL, resources: ALL, clusterScope: true, namespaces: ALL }],
    nonResourceRules: [{ verbs: ALL, nonResourceURLs: ALL }],
  };
}

function schema(level: string, matchingPrecedence: number, by: "ByUser" | "ByNamespace" | undefined, rule: Rule): SchemaSpec {
  return { priorityLevelConfiguration: { name: level }, matchingPrecedence, ...(by ? { distinguisherMethod: { type: by } } : {}), rules: [rule] };
}

function queued(nominalConcurrencyShares: number, lendablePercent: number, queues: number, handSize: number): LevelSpec {
  const queuing = { queues, handSize, queueLengthLimit: 50 };
  return { type: "Limited", limited: { nominalConcurrencyShares, lendablePercent, limitResponse: { type: "Queue", queuing } } };
}

/** These can't be changed. */
export const MANDATORY_PRIORITY_LEVELS: Record<string, LevelSpec> = {
  exempt: { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  "catch-all": { type: "Limited", limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: "Reject" } } },
};

export const SUGGESTED_PRIORITY_LEVELS: Record<string, LevelSpec> = {
  system: queued(30, 33, 64, 6),
  "node-high": queued(40, 25, 64, 6),
  "leader-election": queued(10, 0, 16, 4),
  "workload-high": queued(40, 50, 128, 6),
  "workload-low": queued(100, 90, 128, 6),
  "global-default": queued(20, 50, 128, 6),
};

/** These can't be changed. */
export const MANDATORY_FLOW_SCHEMAS: Record<string, SchemaSpec> = {
  exempt: schema("exempt", 1, undefined, toEverything(groups("system:masters"))),
  "catch-all": schema("catch-all", 10_000, "ByUser", toEverything(EVERYONE)),
};

export const SUGGESTED_FLOW_SCHEMAS: Record<string, SchemaSpec> = {
  probes: schema("exempt", 2, undefined, { subjects: EVERYONE, nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }] }),
  "system-leader-election": schema("leader-election", 100, "ByUser", {
    subjects: [...users("system:kube-controller-manager", "system:kube-scheduler"), ...KUBE_SYSTEM_ACCOUNTS],
    resourceRules: [{ verbs: ["get", "create", "update"], apiGroups: ["coordination.k8s.io"], resources: ["leases"], namespaces: ALL }],
  }),
  "system-node-high": schema("node-high", 400, "ByUser", {
    subjects: groups("system:nodes"),
    resourceRules: [
      { verbs: ALL, apiGroups: [""], resources: ["nodes", "nodes/status"], clusterScope: true, namespaces: ALL },
      { verbs: ALL, apiGroups: ["coordination.k8s.io"], resources: ["leases"], namespaces: ALL },
    ],
  }),
  "system-nodes": schema("system", 500, "ByUser", toEverything(groups("system:nodes"))),
  "kube-controller-manager": schema("workload-high", 800, "ByNamespace", toEverything(users("system:kube-controller-manager"))),
  "kube-scheduler": schema("workload-high", 800, "ByNamespace", toEverything(users("system:kube-scheduler"))),
  "kube-system-service-accounts": schema("workload-high", 900, "ByNamespace", toEverything(KUBE_SYSTEM_ACCOUNTS)),
  "service-accounts": schema("workload-low", 9000, "ByUser", toEverything(groups("system:serviceaccounts"))),
  "global-default": schema("global-default", 9900, "ByUser", toEverything(EVERYONE)),
};
