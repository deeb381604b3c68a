/**
 * What a failed pod means for its Job: the first rule that matches decides.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/job/pod_failure_policy.go
 */
import type { Job, Pod } from "#api/types.ts";

export interface PolicyVerdict {
  action: "FailJob" | "FailIndex" | "Ignore" | "Count";
  /** Which rule said so, for the condition's message. */
  message: string;
}

type Policy = NonNullable<Job["spec"]["podFailurePolicy"]>;

/** Undefined when no rule matches: then the failure counts. */
export function matchFailurePolicy(policy: Policy | undefined, pod: Pod): PolicyVerdict | undefined {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const matched = matchExitCodes(rule, pod) ?? matchConditions(rule, pod);
    if (matched) return { action: rule.action as PolicyVerdict["action"], message: `${matched} matching ${rule.action} rule at index ${index}` };
  }
  return undefined;
}

function matchExitCodes({ onExitCodes }: Policy["rules"][number], pod: Pod): string | undefined {
  if (!onExitCodes) return undefined;
  const { containerName, operator, values } = onExitCodes;
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  for (const { name, state } of statuses) {
    const code = state?.terminated?.exitCode;
    if (code === undefined || code === 0 || (containerName && containerName !== name)) continue;
    if (operator === "In" ? values.includes(code) : !values.includes(code)) {
      return `Container ${name} for pod ${pod.metadata.namespace}/${pod.metadata.name} failed with exit code ${code}`;
    }
  }
  return undefined;
}

function matchConditions({ onPodConditions }: Policy["rules"][number], pod: Pod): string | undefined {
  for (const pattern of onPodConditions ?? []) {
    const { type } = pattern;
    if (pod.status?.conditions?.some((condition) => condition.type === type && condition.status === (pattern.status ?? "True"))) {
      return `Pod ${pod.metadata.namespace}/${pod.metadata.name} has condition ${type}`;
    }
  }
  return undefined;
}
