/**
 * Nodes begin as not ready, so that nothing is scheduled to them before they say that they are; the node
 * lifecycle controller takes the taint away.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/nodetaint/admission.go
 */
import type { Node } from "#api/types.ts";
import { isAbout, type AdmissionPlugin } from "./admission.ts";

const NOT_READY = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  admit(attributes) {
    if (attributes.operation !== "CREATE" || !isAbout(attributes, "", "nodes")) return;
    const node = attributes.object as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)) return;
    node.spec = { ...node.spec, taints: [...taints, { ...NOT_READY }] };
  },
};
