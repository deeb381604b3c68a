/**
 * The admission plugins that are built in, in upstream's order.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins)
 */
import type { Rng } from "#lib/random.ts";
import type { Finders } from "../finders.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { serviceAccountAdmission } from "./service-account.ts";

export interface PluginContext {
  find: Finders;
  rng: Rng;
}

export function builtInPlugins({ find, rng }: PluginContext): AdmissionPlugin[] {
  return [namespaceLifecycle(find.namespace), serviceAccountAdmission(find.serviceAccount, rng), defaultTolerationSeconds];
}
