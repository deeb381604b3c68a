/**
 * Definitions in Kubernetes' own groups say who approved them.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apihelpers/helpers.go
 */
export const API_APPROVED_ANNOTATION = "api-approved.kubernetes.io";

const PROPOSAL = "https://github.com/kubernetes/enhancements/pull/1111";

export interface ApiApproval {
  state: "approved" | "bypassed" | "missing" | "invalid";
  reason: string;
}

export function isProtectedGroup(group: string): boolean {
  return /(^|\.)(k8s|kubernetes)\.io$/.test(group);
}

export function apiApprovalOf(annotations: Record<string, string> | undefined): ApiApproval {
  const approval = annotations?.[API_APPROVED_ANNOTATION] ?? "";
  const must = `protected groups must have approval annotation ${JSON.stringify(API_APPROVED_ANNOTATION)}`;
  if (approval === "") return { state: "missing", reason: `${must}, see ${PROPOSAL}` };
  if (approval.startsWith("unapproved")) return { state: "bypassed", reason: `not approved: ${JSON.stringify(approval)}` };
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+\S*$/i.test(approval)) return { state: "approved", reason: `approved in ${approval}` };
  return { state: "invalid", reason: `${must} with either a URL or a reason starting with "unapproved", see ${PROPOSAL}` };
}
