/**
 * Eviction: a delete that keeps to the pod's disruption budget.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/core/pod/storage/eviction.go
 */
import { toTime } from "#lib/clock.ts";
import { fromLabelSelector, matches } from "#lib/selectors.ts";
import { badRequest, forbidden, StatusError, tooManyRequests } from "#api/errors.ts";
import type { DeleteOptions, Eviction, Pod, PodDisruptionBudget } from "#api/types.ts";
import type { WriteRequest } from "./context.ts";
import { deleteObject } from "./delete.ts";
import { setCondition } from "./pods.ts";
import { objectOf, type Registry } from "./registry.ts";

/** Pods of one budget that may be on their way out without its controller having seen it. */
const MAX_DISRUPTED_PODS = 2000;
/** After that many seconds a client should try again while the budget's controller is behind. */
const RETRY_SECONDS = 10;
/** How often an eviction is decided anew when the pod changes in between. */
const ATTEMPTS = 20;

interface Registries {
  pods: Registry;
  budgets: Registry;
}

/** Throws NotFound, Conflict (preconditions), TooManyRequests where the budget is used up, and 500 where the pod has several budgets. */
export async function evictPod(registries: Registries, request: WriteRequest, name: string, eviction: Eviction): Promise<void> {
  if (eviction.metadata?.name !== name) throw badRequest("name in URL does not match name in Eviction object");
  const { deleteOptions: options = {} } = eviction;
  const write = { ...request, dryRun: request.dryRun || (options.dryRun ?? []).includes("All") };
  for (let attempt = 1; ; attempt++) {
    try {
      await evictOnce(registries, write, name, options);
      return;
    } catch (error) {
      const retried = error instanceof StatusError && error.reason === "Conflict" && !options.preconditions?.resourceVersion && attempt < ATTEMPTS;
      if (!retried) throw error;
    }
  }
}

async function evictOnce(registries: Registries, request: WriteRequest, name: string, options: DeleteOptions): Promise<void> {
  const { pods, budgets } = registries;
  const pod = objectOf<Pod>(pods.get(request.namespace, name));
  if (isDisruptedAnyway(pod)) {
    // A pending pod might come to count in between; one that has ended or is going won't.
    const pending = pod.status?.phase === "Pending" && !pod.metadata.deletionTimestamp;
    await removePod(pods, request, name, pending ? ifUnchanged(options, pod) : options);
    return;
  }
  const [budget, ...others] = budgetsOf(budgets, pod);
  if (others.length > 0) throw new StatusError(500, "", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
  if (!budget) await removePod(pods, request, name, options);
  else if (isUnguarded(pod, budget)) await removeUnhealthyPod(pods, request, pod, budget, options);
  else {
    await takeFromBudget(budgets, request, budget.metadata.name!, name);
    await removePod(pods, request, name, options);
  }
}

/** Its budget doesn't count such a pod: it has not begun, has ended, or is going already. */
function isDisruptedAnyway({ metadata, status }: Pod): boolean {
  return ["Pending", "Succeeded", "Failed"].includes(status?.phase ?? "") || metadata.deletionTimestamp !== undefined;
}

function budgetsOf(budgets: Registry, { metadata: { namespace, labels } }: Pod): PodDisruptionBudget[] {
  if (!labels || Object.keys(labels).length === 0) return [];
  const { entries } = budgets.context.store.list(budgets.prefix(namespace));
  return entries.map((entry) => objectOf<PodDisruptionBudget>(entry)).filter(({ spec }) => selects(spec.selector, labels));
}

/** A selector that is missing or can't be read selects nothing. */
function selects(selector: PodDisruptionBudget["spec"]["selector"], labels: Record<string, string>): boolean {
  try {
    const requirements = fromLabelSelector(selector);
    return requirements !== undefined && matches(requirements, labels);
  } catch {
    return false;
  }
}

/** Whether a pod that isn't ready may go without the budget paying for it. */
function isUnguarded(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  const ready = pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
  if (ready) return false;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return spec.unhealthyPodEvictionPolicy === "AlwaysAllow" || (currentHealthy >= desiredHealthy && desiredHealthy > 0);
}

/** The decision holds only while the pod isn't ready: when it has changed, the client has to ask again. */
async function removeUnhealthyPod(pods: Registry, request: WriteRequest, pod: Pod, budget: PodDisruptionBudget, options: DeleteOptions): Promise<void> {
  try {
    await removePod(pods, request, pod.metadata.name!, ifUnchanged(options, pod));
  } catch (error) {
    const changed = error instanceof StatusError && error.reason === "Conflict" && !options.preconditions?.resourceVersion;
    throw changed ? stillProcessed(budget.metadata.name!) : error;
  }
}

function ifUnchanged(options: DeleteOptions, { metadata: { resourceVersion } }: Pod): DeleteOptions {
  return { ...options, preconditions: { resourceVersion: resourceVersion!, ...options.preconditions } };
}

/** Tells the pod why it goes, and deletes it. */
async function removePod(pods: Registry, request: WriteRequest, name: string, options: DeleteOptions): Promise<void> {
  let { preconditions } = options;
  if (!request.dryRun) {
    const now = toTime(pods.context.clock.now());
    const change = (pod: Pod): Pod => {
      if (preconditions?.resourceVersion) pod.metadata.resourceVersion = preconditions.resourceVersion;
      if (preconditions?.uid) pod.metadata.uid = preconditions.uid;
      return setCondition(pod, { type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI", message: "Eviction API: evicting" }, now);
    };
    const told = await pods.update(request, name, (current) => change(current as Pod), { subresource: "status", admitted: true });
    if (preconditions?.resourceVersion) preconditions = { ...preconditions, resourceVersion: String(told.revision) };
  }
  await deleteObject(pods, request, name, { ...options, ...(preconditions ? { preconditions } : {}) }, true);
}

/** Counts the pod as disrupted in its budget. Throws where the budget doesn't allow it. */
async function takeFromBudget(budgets: Registry, request: WriteRequest, budgetName: string, podName: string): Promise<void> {
  const now = toTime(budgets.context.clock.now());
  await budgets.update(
    request,
    budgetName,
    (current) => {
      const budget = current as PodDisruptionBudget;
      checkBudget(budget);
      const status = budget.status!;
      status.disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1;
      if (status.disruptionsAllowed === 0) setInsufficient(status, now);
      status.disruptedPods = { ...status.disruptedPods, [podName]: now };
      return budget;
    },
    { subresource: "status", admitted: true },
  );
}

function checkBudget({ metadata, status }: PodDisruptionBudget): void {
  const name = metadata.name!;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {}, desiredHealthy = 0, currentHealthy = 0, conditions = [] } = status ?? {};
  const subject = { group: "policy", resource: "poddisruptionbudget", name };
  if (observedGeneration < (metadata.generation ?? 0)) throw stillProcessed(name);
  if (disruptionsAllowed < 0) throw forbidden(subject, "pdb disruptions allowed is negative");
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    throw forbidden(subject, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (disruptionsAllowed > 0) return;
  const failed = conditions.find((condition) => condition.type === "DisruptionAllowed" && condition.status === "False" && condition.reason === "SyncFailed");
  const why = failed
    ? `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${failed.message}`
    : `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  throw violatesBudget(why, 0);
}

type BudgetStatus = NonNullable<PodDisruptionBudget["status"]>;

function setInsufficient(status: BudgetStatus, now: string): void {
  const known = status.conditions?.find(({ type }) => type === "DisruptionAllowed");
  const condition = {
    type: "DisruptionAllowed",
    status: "False",
    ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
    lastTransitionTime: known?.status === "False" ? known.lastTransitionTime : now,
    reason: "InsufficientPods",
    message: "",
  };
  status.conditions = [...(status.conditions ?? []).filter((other) => other !== known), condition];
}

function stillProcessed(budgetName: string): StatusError {
  return violatesBudget(`The disruption budget ${budgetName} is still being processed by the server.`, RETRY_SECONDS);
}

function violatesBudget(why: string, retryAfterSeconds: number): StatusError {
  return tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfterSeconds, [{ reason: "DisruptionBudget", message: why }]);
}
