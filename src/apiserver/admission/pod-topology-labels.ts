/**
 * Pods that get a node get its zone and region as labels, which they can read through the downward API.
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/podtopologylabels/admission.go
 */
import type { Binding, Node, Pod } from "#api/types.ts";
import { isAbout, type AdmissionPlugin } from "./admission.ts";

const LABELS = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

export function podTopologyLabels(findNode: (name: string) => Node | undefined): AdmissionPlugin {
  return {
    name: "PodTopologyLabels",
    admit(attributes) {
      if (attributes.operation !== "CREATE") return;
      let node: string | undefined;
      if (isAbout(attributes, "", "pods")) {
        node = (attributes.object as Pod).spec.nodeName;
      } else if (isAbout(attributes, "", "pods", "binding")) {
        const { target } = attributes.object as Binding;
        if (target?.kind === "Node") node = target.name;
      }
      const known = node ? findNode(node)?.metadata.labels : undefined;
      const labels = LABELS.filter((label) => known?.[label] !== undefined).map((label) => [label, known![label]!] as const);
      const { metadata } = attributes.object!;
      if (labels.length > 0) metadata.labels = { ...metadata.labels, ...Object.fromEntries(labels) };
    },
  };
}
