/**
 * Kubelets may do what their node needs, and read only what its own pods refer to.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/node/
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/node/node_authorizer.go
 */
import type { PolicyRule } from "#api/types.ts";
import type { User } from "../user.ts";
import { ALLOWED, NO_OPINION, type Attributes, type Authorizer, type ResourceAttributes, type Verdict } from "./authorizer.ts";
import type { NodeGraph } from "./node-graph.ts";
import { ruleAllows } from "./rules.ts";

const NODES_GROUP = "system:nodes";
const NODE_PREFIX = "system:node:";
const LEASE_NAMESPACE = "kube-node-lease";

/** The node whose kubelet a user is; undefined for everyone else, empty for a member of the group that names no node. */
export function nodeNameOf({ name, groups }: User): string | undefined {
  if (!name.startsWith(NODE_PREFIX) || !groups.includes(NODES_GROUP)) return undefined;
  return name.slice(NODE_PREFIX.length);
}

/** `rules` allow what isn't about single objects. */
export function nodeAuthorizer(graph: NodeGraph, rules: readonly PolicyRule[]): Authorizer {
  function authorize(user: User, attributes: Attributes): Verdict {
    const node = nodeNameOf(user);
    if (node === undefined) return NO_OPINION;
    if (node === "") return no(`unknown node for user ${JSON.stringify(user.name)}`);
    const { verb, resource } = attributes;
    if (!resource) return byRules(attributes);
    const { namespace, name, subresource } = resource;
    switch (resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`) {
      case "secrets":
        return onRead(node, verb, resource, () => graph.refers(node, "secrets", namespace, name));
      case "configmaps":
        return onRead(node, verb, resource, () => graph.refers(node, "configMaps", namespace, name));
      case "persistentvolumeclaims": {
        const related = (): boolean => graph.refers(node, "claims", namespace, name);
        if (subresource !== "status") return onGet(node, verb, resource, related);
        return verb === "update" || verb === "patch" ? onRelated(node, resource, related) : no("can only get/update/patch this type");
      }
      case "persistentvolumes":
        return onGet(node, verb, resource, () => graph.hasVolume(node, name));
      case "volumeattachments.storage.k8s.io":
        return onGet(node, verb, resource, () => graph.hasAttachment(node, name));
      case "serviceaccounts":
        return onServiceAccount(node, verb, resource, () => graph.runsAs(node, namespace, name));
      case "leases.coordination.k8s.io":
        return onLease(node, verb, resource);
      case "csinodes.storage.k8s.io":
        return onOwn(node, verb, resource, "CSINode", "cannot authorize CSINode subresources");
      case "nodes":
        return onNode(node, verb, resource);
      case "pods":
        return onPod(node, verb, resource, () => graph.hasPod(node, namespace, name));
      default:
        return byRules(attributes);
    }
  }

  const byRules = (attributes: Attributes): Verdict => (rules.some((rule) => ruleAllows(rule, attributes)) ? ALLOWED : NO_OPINION);

  return {
    authorize,
    rulesOf(user) {
      const isNode = nodeNameOf(user) !== undefined;
      return { resourceRules: [], nonResourceRules: [], incomplete: isNode, ...(isNode ? { evaluationError: "node authorizer does not support user rule resolution" } : {}) };
    },
  };
}

const no = (reason: string): Verdict => ({ decision: "no opinion", reason });

function onRelated(node: string, { name }: ResourceAttributes, related: () => boolean): Verdict {
  if (name === "") return no("No Object name found");
  return related() ? ALLOWED : no(`no relationship found between node '${node}' and this object`);
}

function onGet(node: string, verb: string, resource: ResourceAttributes, related: () => boolean): Verdict {
  if (verb !== "get") return no("can only get individual resources of this type");
  if (resource.subresource !== "") return no("cannot get subresource");
  return onRelated(node, resource, related);
}

/** Secrets and ConfigMaps are also listed and watched, one by one. */
function onRead(node: string, verb: string, resource: ResourceAttributes, related: () => boolean): Verdict {
  if (!["get", "list", "watch"].includes(verb)) return no("can only read resources of this type");
  if (resource.subresource !== "") return no("cannot read subresource");
  if (resource.namespace === "") return no("can only read namespaced object of this type");
  return onRelated(node, resource, related);
}

function onServiceAccount(node: string, verb: string, resource: ResourceAttributes, related: () => boolean): Verdict {
  if (verb === "get" && resource.subresource === "") return onRelated(node, resource, related);
  if (verb !== "create" || resource.name === "") return no("can only create tokens for individual service accounts");
  if (resource.subresource !== "token") return no("can only create token subresource of serviceaccount");
  return onRelated(node, resource, related);
}

function onLease(node: string, verb: string, { namespace, name }: ResourceAttributes): Verdict {
  if (!["get", "create", "update", "patch", "delete"].includes(verb)) return no("can only get, create, update, patch, or delete a node lease");
  if (namespace !== LEASE_NAMESPACE) return no(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`);
  // The name of what is created is in the body: admission looks at it.
  return verb === "create" || name === node ? ALLOWED : no("can only access node lease with the same name as the requesting node");
}

function onOwn(node: string, verb: string, { name, subresource }: ResourceAttributes, kind: string, onSubresource: string): Verdict {
  if (!["get", "create", "update", "patch", "delete"].includes(verb)) return no(`can only get, create, update, patch, or delete a ${kind}`);
  if (subresource !== "") return no(onSubresource);
  return verb === "create" || name === node ? ALLOWED : no(`can only access ${kind} with the same name as the requesting node`);
}

/** Admission holds writes to the node's own object. */
function onNode(node: string, verb: string, { name, subresource }: ResourceAttributes): Verdict {
  if (subresource === "status") return verb === "update" || verb === "patch" ? ALLOWED : NO_OPINION;
  if (subresource !== "") return NO_OPINION;
  if (["create", "update", "patch"].includes(verb)) return ALLOWED;
  if (!["get", "list", "watch"].includes(verb)) return NO_OPINION;
  if (name === node) return ALLOWED;
  return no(name === "" ? `node '${node}' cannot read all nodes, only its own Node object` : `node '${node}' cannot read '${name}', only its own Node object`);
}

function onPod(node: string, verb: string, resource: ResourceAttributes, related: () => boolean): Verdict {
  switch (`${resource.subresource} ${verb}`) {
    case " get":
      return onGet(node, verb, resource, related);
    case " list":
    case " watch":
      if (resource.fields?.["spec.nodeName"] === node) return ALLOWED;
      return resource.name === "" ? no("can only list/watch pods with spec.nodeName field selector") : onRelated(node, resource, related);
    case " create":
    case " delete":
    case "status update":
    case "status patch":
    case "eviction create":
      return ALLOWED;
    default:
      return NO_OPINION;
  }
}
