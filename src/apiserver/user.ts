/** Who makes a request, as authentication found out. */
export interface User {
  /** `kubernetes-admin`, `system:node:tidepool-worker`, `system:serviceaccount:shop:default`. */
  name: string;
  groups: string[];
  uid?: string | undefined;
  extra?: Record<string, string[]> | undefined;
  /** Who really asks, when this is whom they act as. */
  impersonatedBy?: User | undefined;
}

/** Members may do everything. */
export const MASTERS = "system:masters";
export const AUTHENTICATED = "system:authenticated";
export const UNAUTHENTICATED = "system:unauthenticated";
export const ANONYMOUS: User = { name: "system:anonymous", groups: [UNAUTHENTICATED] };

/** The server's own user, with all rights: for what must work before there are roles. */
export function systemUser(name: string): User {
  return { name, groups: [MASTERS, AUTHENTICATED] };
}

/** A component of the control plane, with the rights of the roles that are bound to it: `system:kube-scheduler`. */
export function componentUser(name: string): User {
  return { name, groups: [AUTHENTICATED] };
}

/** A node's kubelet. */
export function nodeUser(node: string): User {
  return { name: `system:node:${node}`, groups: ["system:nodes", AUTHENTICATED] };
}

/** A service account, as its token would make it known. */
export function serviceAccountUser(namespace: string, name: string): User {
  return { name: `system:serviceaccount:${namespace}:${name}`, groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, AUTHENTICATED] };
}
