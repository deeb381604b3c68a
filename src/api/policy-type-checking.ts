/**
 * Which kinds a policy's expressions are about, and what is wrong with them were `object` of each of these
 * kinds: a misspelled field is found when the policy is written, not when a request comes.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/policy/validating/typechecking.go
 */
import type { CelType } from "#cel/index.ts";
import { ANYTHING, compileExpression, compileVariables, environmentOf } from "./admission-expressions.ts";
import type { ValidatingAdmissionPolicy } from "./types.ts";
import type { GroupVersionKind } from "./schema-types.ts";

/** As many kinds are looked at for one policy. */
const MAX_KINDS = 10;

export interface ServedKind extends GroupVersionKind {
  plural: string;
}

export interface ExpressionWarning {
  fieldRef: string;
  warning: string;
}

/** In the order of their groups, versions and kinds. Rules with wildcards are about too much to be checked. */
export function kindsToCheck({ spec }: ValidatingAdmissionPolicy, served: readonly ServedKind[]): GroupVersionKind[] {
  const found = new Map<string, GroupVersionKind>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of spec.matchConstraints?.resourceRules ?? []) {
    if (apiGroups.some(isWildcard) || apiVersions.some(isWildcard)) continue;
    const plurals = resources.filter((resource) => !/[*/]/.test(resource));
    for (const { group, version, kind, plural } of served) {
      if (found.size < MAX_KINDS && apiGroups.includes(group) && apiVersions.includes(version) && plurals.includes(plural)) {
        found.set(`${group} ${version} ${kind}`, { group, version, kind });
      }
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}

const isWildcard = (text: string): boolean => text.includes("*");

/** `typeOf` knows the types of kinds; undefined for those that can't be known. */
export function typeWarnings({ spec }: ValidatingAdmissionPolicy, kinds: readonly GroupVersionKind[], typeOf: (kind: GroupVersionKind) => CelType | undefined): ExpressionWarning[] {
  const paramKind = spec.paramKind && kindOf(spec.paramKind);
  const checks = kinds.flatMap((kind) => {
    const object = typeOf(kind);
    if (!object) return [];
    const scope = { params: paramKind !== undefined, authorizer: true, object, paramsType: paramKind && typeOf(paramKind) };
    const { types } = compileVariables(spec.variables ?? [], scope);
    return [{ kind, environment: environmentOf({ ...scope, variables: types }) }];
  });
  const warningsOf = (expression: string | undefined, fieldRef: string): ExpressionWarning[] => {
    if (!expression) return [];
    const problems = checks.flatMap(({ kind, environment }) => {
      const { error } = compileExpression(expression, environment, ANYTHING);
      return error === undefined ? [] : [`${textOf(kind)}: ${error}\n`];
    });
    return problems.length > 0 ? [{ fieldRef, warning: problems.join("\n") }] : [];
  };
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, i) => [
    ...warningsOf(expression, `spec.validations[${i}].expression`),
    ...warningsOf(messageExpression, `spec.validations[${i}].messageExpression`),
  ]);
}

export function kindOf({ apiVersion = "", kind = "" }: { apiVersion?: string; kind?: string }): GroupVersionKind {
  const slash = apiVersion.indexOf("/");
  return { group: slash < 0 ? "" : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1), kind };
}

/** As Go prints it. */
function textOf({ group, version, kind }: GroupVersionKind): string {
  return `${group}/${version}, Kind=${kind}`;
}
