/**
 * What a definition's status says: which of its names it has got, and whether its objects are served.
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/controller/status/naming_controller.go
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/controller/establish/establishing_controller.go
 * @see https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/controller/apiapproval/apiapproval_controller.go
 */
import { isDeepStrictEqual } from "node:util";
import { apiApprovalOf, isProtectedGroup } from "#api/definitions/api-approval.ts";
import type { CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionNames, CustomResourceDefinitionStatus } from "#api/types.ts";

/** On a definition until its objects are gone. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

type Condition = CustomResourceDefinitionCondition;

/** How far the deletion of a definition's objects has come. */
export type TerminatingCondition = Pick<Condition, "status" | "reason" | "message">;

export function isConditionTrue({ status }: CustomResourceDefinition, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

/** Whether the kind's objects can be asked for. Those of a kind that lost a name to another stay. */
export function isServed(crd: CustomResourceDefinition): boolean {
  return isConditionTrue(crd, "Established") || isConditionTrue(crd, "NamesAccepted");
}

/** The conditions with this one in the place of its type's earlier one; its time is that of the last change of status. */
export function setCondition(conditions: readonly Condition[], condition: Omit<Condition, "lastTransitionTime">, now: string): Condition[] {
  const before = conditions.find(({ type }) => type === condition.type);
  const changed = before?.status !== condition.status || !before.lastTransitionTime;
  const next: Condition = { ...condition, lastTransitionTime: changed ? now : before.lastTransitionTime! };
  return before ? conditions.map((known) => (known === before ? next : known)) : [...conditions, next];
}

/** The status that the definition should have, with the names that `others` in its group have got; undefined when it has it. */
export function planStatus(crd: CustomResourceDefinition, others: readonly CustomResourceDefinition[], now: string): CustomResourceDefinitionStatus | undefined {
  const { spec, status = {} } = crd;
  let conditions = status.conditions ?? [];
  let { acceptedNames } = status;
  if (!isDeepStrictEqual(spec.names, acceptedNames)) {
    const named = acceptNames(spec.names, acceptedNames, others);
    acceptedNames = named.names;
    conditions = setCondition(conditions, { type: "NamesAccepted", ...named.condition }, now);
  }
  if (!conditions.some(({ type, status: is }) => type === "Established" && is === "True")) {
    const accepted = conditions.some(({ type, status: is }) => type === "NamesAccepted" && is === "True");
    conditions = setCondition(conditions, accepted ? ESTABLISHED : NOT_ESTABLISHED, now);
  }
  const approval = approvalOf(crd);
  if (approval) conditions = setCondition(conditions, approval, now);
  const next: CustomResourceDefinitionStatus = { ...status, conditions, acceptedNames: acceptedNames! };
  return isDeepStrictEqual(next, status) ? undefined : next;
}

const ESTABLISHED = { type: "Established", status: "True", reason: "InitialNamesAccepted", message: "the initial names have been accepted" };
const NOT_ESTABLISHED = { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" };

interface AcceptedNames {
  names: CustomResourceDefinitionNames;
  condition: Pick<Condition, "status" | "reason" | "message">;
}

/** The definition gets each name that it had before, or that no other one of its group has. */
function acceptNames(requested: CustomResourceDefinitionNames, had: CustomResourceDefinitionNames | undefined, others: readonly CustomResourceDefinition[]): AcceptedNames {
  const taken = others.flatMap(({ status }) => (status?.acceptedNames ? [status.acceptedNames] : []));
  const resources = new Set(taken.flatMap(({ plural, singular, shortNames = [] }) => [plural, singular, ...shortNames]));
  const kinds = new Set(taken.flatMap(({ kind, listKind }) => [kind, listKind]));
  // The names are always there, if empty.
  const names: CustomResourceDefinitionNames = { plural: "", kind: "", ...had };
  let condition: AcceptedNames["condition"] = { status: "True", reason: "NoConflicts", message: "no conflicts found" };
  const refuse = (reason: string, inUse: string[]): void => {
    const texts = inUse.map((name) => `${JSON.stringify(name)} is already in use`);
    condition = { status: "False", reason, message: texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]` };
  };
  const ask = (field: "plural" | "singular" | "kind" | "listKind", used: ReadonlySet<string | undefined>, reason: string): void => {
    const name = requested[field];
    if (name !== undefined && name !== had?.[field] && used.has(name)) refuse(reason, [name]);
    else if (name !== undefined) names[field] = name;
  };
  ask("plural", resources, "PluralConflict");
  ask("singular", resources, "SingularConflict");
  const shortNames = requested.shortNames ?? [];
  const conflicting = shortNames.filter((name) => !had?.shortNames?.includes(name) && resources.has(name));
  if (conflicting.length > 0) refuse("ShortNamesConflict", conflicting);
  else if (requested.shortNames) names.shortNames = shortNames;
  else delete names.shortNames;
  ask("kind", kinds, "KindConflict");
  ask("listKind", kinds, "ListKindConflict");
  if (requested.categories) names.categories = requested.categories;
  else delete names.categories;
  return { names, condition };
}

function approvalOf({ metadata, spec }: CustomResourceDefinition): Omit<Condition, "lastTransitionTime"> | undefined {
  if (!isProtectedGroup(spec.group)) return undefined;
  const { state, reason } = apiApprovalOf(metadata.annotations);
  const reasons = { approved: "ApprovedAnnotation", bypassed: "UnapprovedAnnotation", missing: "MissingAnnotation", invalid: "InvalidAnnotation" };
  return { type: "KubernetesAPIApprovalPolicyConformant", status: state === "approved" ? "True" : "False", reason: reasons[state], message: reason };
}
