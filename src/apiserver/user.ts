/** Who makes a request, as authentication found out. */
export interface User {
  /** `kubernetes-admin`, `system:node:tidepool-worker`, `system:serviceaccount:shop:default`. */
  name: string;
  groups: string[];
  uid?: string | undefined;
  extra?: Record<string, string[]> | undefined;
}

/** Members may do everything. */
export const MASTERS = "system:masters";
export const AUTHENTICATED = "system:authenticated";
export const ANONYMOUS: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };

/** The user of an in-process component: `systemUser("system:kube-scheduler")`. */
export function systemUser(name: string): User {
  return { name, groups: [MASTERS, AUTHENTICATED] };
}
