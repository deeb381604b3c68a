import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from "#api/types.ts";
import { planStatus } from "./conditions.ts";

const NOW = "2026-01-01T00:00:00Z";
const WIDGET: CustomResourceDefinitionNames = { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList", shortNames: ["w"], categories: ["all"] };

function crd(names: CustomResourceDefinitionNames, group = "example.com", annotations?: Record<string, string>): CustomResourceDefinition {
  return { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: `${names.plural}.${group}`, ...(annotations ? { annotations } : {}) }, spec: { group, scope: "Namespaced", names, versions: [] } };
}

/** The definition with the status that it should have. */
function settled(definition: CustomResourceDefinition, others: CustomResourceDefinition[] = []): CustomResourceDefinition {
  return { ...definition, status: planStatus(definition, others, NOW)! };
}

const conditions = ({ status }: CustomResourceDefinition): string[] => status!.conditions!.map(({ type, status: is, reason, message }) => `${type}=${is} ${reason}: ${message}`);

test("a definition alone gets its names, and is established at once", () => {
  const done = settled(crd(WIDGET));
  assert.deepEqual(done.status!.acceptedNames, WIDGET);
  assert.deepEqual(conditions(done), ["NamesAccepted=True NoConflicts: no conflicts found", "Established=True InitialNamesAccepted: the initial names have been accepted"]);
  assert.equal(planStatus(done, [], "later"), undefined, "then nothing is left to do");
});

describe("a name that another one has", () => {
  const others = [settled(crd(WIDGET))];
  const gadget: CustomResourceDefinitionNames = { plural: "gadgets", singular: "gadget", kind: "Gadget", listKind: "GadgetList" };
  const cases: [names: Partial<CustomResourceDefinitionNames>, condition: string][] = [
    [{ singular: "w" }, 'SingularConflict: "w" is already in use'],
    [{ plural: "widget" }, 'PluralConflict: "widget" is already in use'],
    [{ shortNames: ["widgets"] }, 'ShortNamesConflict: "widgets" is already in use'],
    [{ shortNames: ["g", "w", "widget"] }, 'ShortNamesConflict: ["w" is already in use, "widget" is already in use]'],
    [{ kind: "Widget" }, 'KindConflict: "Widget" is already in use'],
    [{ kind: "WidgetList" }, 'KindConflict: "WidgetList" is already in use'],
    [{ listKind: "Widget" }, 'ListKindConflict: "Widget" is already in use'],
  ];
  for (const [names, condition] of cases) {
    test(condition, () => {
      const done = settled(crd({ ...gadget, ...names }), others);
      assert.deepEqual(conditions(done), [`NamesAccepted=False ${condition}`, "Established=False NotAccepted: not all names are accepted"]);
    });
  }

  test("is no hindrance to the other names", () => {
    const { status } = settled(crd({ ...gadget, kind: "Widget", categories: ["all"] }), others);
    assert.deepEqual(status!.acceptedNames, { ...gadget, kind: "", categories: ["all"] });
  });

  test("is free once that one is gone", () => {
    const waiting = settled(crd({ ...gadget, kind: "Widget" }), others);
    const done = { ...waiting, status: planStatus(waiting, [], "2026-01-01T00:00:01Z")! };
    assert.deepEqual(conditions(done), ["NamesAccepted=True NoConflicts: no conflicts found", "Established=True InitialNamesAccepted: the initial names have been accepted"]);
    assert.equal(done.status.conditions![0]!.lastTransitionTime, "2026-01-01T00:00:01Z");
  });
});

test("a definition that wants a taken name later stays established under its old one", () => {
  const before = settled(crd({ ...WIDGET, plural: "gadgets", singular: "gadget", kind: "Gadget", listKind: "GadgetList", shortNames: ["g"] }));
  const wanting = { ...before, spec: { ...before.spec, names: { ...before.spec.names, shortNames: ["w"] } } };
  const done = settled(wanting, [settled(crd(WIDGET))]);
  assert.deepEqual(conditions(done), ['NamesAccepted=False ShortNamesConflict: "w" is already in use', "Established=True InitialNamesAccepted: the initial names have been accepted"]);
  assert.deepEqual(done.status!.acceptedNames!.shortNames, ["g"]);
});

describe("in Kubernetes' own groups, a definition says of its approval that it", () => {
  const approval = (annotation?: string): string => conditions(settled(crd(WIDGET, "widgets.k8s.io", annotation === undefined ? {} : { "api-approved.kubernetes.io": annotation }))).find((text) => text.startsWith("Kubernetes"))!;
  const must = 'protected groups must have approval annotation "api-approved.kubernetes.io"';
  const cases: [what: string, annotation: string | undefined, condition: string][] = [
    ["was given", "https://github.com/kubernetes/kubernetes/pull/78458", "True ApprovedAnnotation: approved in https://github.com/kubernetes/kubernetes/pull/78458"],
    ["was forgone", "unapproved, experimental-only", 'False UnapprovedAnnotation: not approved: "unapproved, experimental-only"'],
    ["is missing", undefined, `False MissingAnnotation: ${must}, see https://github.com/kubernetes/enhancements/pull/1111`],
    ["is no approval", "yes", `False InvalidAnnotation: ${must} with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`],
  ];
  for (const [what, annotation, condition] of cases) test(what, () => assert.equal(approval(annotation), `KubernetesAPIApprovalPolicyConformant=${condition}`));
});
