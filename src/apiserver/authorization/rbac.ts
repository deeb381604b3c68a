/**
 * Role-based access control: users may do what the roles allow that are bound to them.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/rbac/rbac.go
 */
import type { PolicyRule, RbacSubject } from "#api/types.ts";
import { aggregate } from "../admission/admission.ts";
import type { User } from "../user.ts";
import type { Authorizer } from "./authorizer.ts";
import type { Applies, RbacSource } from "./rbac-index.ts";
import { ruleAllows } from "./rules.ts";

export function rbacAuthorizer(source: RbacSource): Authorizer {
  return {
    authorize(user, attributes) {
      const errors: string[] = [];
      for (const found of visit(source, user, attributes.resource?.namespace ?? "")) {
        if ("error" in found) errors.push(found.error);
        else if (ruleAllows(found.rule, attributes)) return { decision: "allow", reason: `RBAC: allowed by ${describe(found.by)}` };
      }
      return { decision: "no opinion", reason: errors.length > 0 ? `RBAC: ${aggregate(errors)}` : "" };
    },
    rulesOf(user, namespace) {
      const { rules, errors } = heldRules(source, user, namespace);
      return {
        resourceRules: rules.flatMap(({ verbs, apiGroups, resources, resourceNames }) => (resources?.length ? [{ verbs, apiGroups, resources, resourceNames }] : [])),
        nonResourceRules: rules.flatMap(({ verbs, nonResourceURLs }) => (nonResourceURLs?.length ? [{ verbs, nonResourceURLs }] : [])),
        incomplete: errors.length > 0,
        ...(errors.length > 0 ? { evaluationError: aggregate(errors) } : {}),
      };
    },
  };
}

/** All rules that apply to a user in a namespace (and everywhere), and what kept others from being found. */
export function heldRules(source: RbacSource, user: User, namespace: string): { rules: PolicyRule[]; errors: string[] } {
  const rules: PolicyRule[] = [];
  const errors: string[] = [];
  for (const found of visit(source, user, namespace)) {
    if ("error" in found) errors.push(found.error);
    else rules.push(found.rule);
  }
  return { rules, errors };
}

type Found = { rule: PolicyRule; by: Applies } | { error: string };

/** One rule after the other, those of the cluster first: most requests are decided by the first few. */
function* visit(source: RbacSource, user: User, namespace: string): Generator<Found> {
  for (const where of namespace === "" ? [""] : ["", namespace]) {
    for (const by of source.bindingsOf(user, where)) {
      let rules: PolicyRule[];
      try {
        rules = source.rulesOf(by.binding.roleRef, where);
      } catch (error) {
        yield { error: (error as Error).message };
        continue;
      }
      for (const rule of rules) yield { rule, by };
    }
  }
}

function describe({ binding, subject }: Applies): string {
  const { name, namespace } = binding.metadata;
  const [kind, fullName] = namespace ? ["RoleBinding", `${name}/${namespace}`] : ["ClusterRoleBinding", name];
  return `${kind} ${JSON.stringify(fullName)} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} to ${describeSubject(subject, namespace ?? "")}`;
}

function describeSubject({ kind, name, namespace }: RbacSubject, ownNamespace: string): string {
  return `${kind} ${JSON.stringify(kind === "ServiceAccount" ? `${name}/${namespace || ownNamespace}` : name)}`;
}
