/**
 * Checks the expressions of ValidatingAdmissionPolicies against the schemas of the kinds they are about, and
 * writes what it finds into their status. The decisions are in api/policy-type-checking.ts.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/validatingadmissionpolicystatus/controller.go
 */
import { isNotFound } from "#api/errors.ts";
import { kindOf, kindsToCheck, typeWarnings, type ServedKind } from "#api/policy-type-checking.ts";
import { validatingAdmissionPolicies } from "#api/resources.ts";
import { typeOfKind, type GroupVersionKind, type OpenApiDocument } from "#api/schema-types.ts";
import { source, startController, type Controller } from "#client/controller.ts";
import { component, type ControllerContext } from "../common/context.ts";

export function startValidatingAdmissionPolicyStatusController(context: ControllerContext): Controller {
  const name = "validatingadmissionpolicy-status-controller";
  const { client } = component(context, name);
  const informer = context.informers.for(validatingAdmissionPolicies);

  async function reconcile(key: string): Promise<void> {
    const policy = informer.get(key);
    if (!policy || policy.metadata.deletionTimestamp || policy.status?.observedGeneration === policy.metadata.generation) return;
    const rules = policy.spec.matchConstraints?.resourceRules ?? [];
    const groupVersions = rules.flatMap(({ apiGroups = [], apiVersions = [] }) => apiGroups.flatMap((group) => apiVersions.map((version) => ({ group, version }))));
    const kinds = kindsToCheck(policy, (await Promise.all(groupVersions.map(servedIn))).flat());
    const needed = policy.spec.paramKind ? [...kinds, kindOf(policy.spec.paramKind)] : kinds;
    const documents = new Map(await Promise.all([...new Set(needed.map(pathOf))].map(async (path) => [path, await documentAt(path)] as const)));
    const warnings = typeWarnings(policy, kinds, (kind) => typeOfKind(documents.get(pathOf(kind)) ?? {}, kind));
    const status = { ...policy.status, observedGeneration: policy.metadata.generation!, typeChecking: warnings.length > 0 ? { expressionWarnings: warnings } : {} };
    await client.updateStatus(validatingAdmissionPolicies, { ...policy, status });
  }

  async function servedIn({ group, version }: { group: string; version: string }): Promise<ServedKind[]> {
    const list = await found<{ resources: { name: string; kind: string }[] }>(`/${pathOf({ group, version })}`);
    return (list?.resources ?? []).map((resource) => ({ group, version, kind: resource.kind, plural: resource.name }));
  }

  async function documentAt(path: string): Promise<OpenApiDocument> {
    return (await found<OpenApiDocument>(`/openapi/v3/${path}`)) ?? {};
  }

  async function found<T>(path: string): Promise<T | undefined> {
    try {
      return await client.raw<T>(path);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  return startController({ name, clock: context.clock, log: context.log, sources: [source(informer)], reconcile });
}

function pathOf({ group, version }: Pick<GroupVersionKind, "group" | "version">): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}
