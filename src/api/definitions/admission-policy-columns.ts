/** What the tables of admission policies and of bindings have in common. */
import type { Column } from "../scheme.ts";
import type { KubeObject, LabelSelector, ParamKind, ParamRef } from "../types.ts";
import { UNSET, column } from "./columns.ts";

export function paramKindColumn<T extends KubeObject & { spec: { paramKind?: ParamKind } }>(): Column<T> {
  const text = ({ spec: { paramKind } }: T): string => (paramKind ? `${paramKind.apiVersion}/${paramKind.kind}` : UNSET);
  return column("ParamKind", "ParamKind specifies the kind of resources used to parameterize this policy", text);
}

export function bindingColumns<T extends KubeObject & { spec: { policyName?: string; paramRef?: ParamRef } }>(): Column<T>[] {
  return [
    column("PolicyName", "PolicyName indicates the policy definition which the policy binding binded to", ({ spec }) => spec.policyName ?? ""),
    column("ParamRef", "ParamRef indicates the param resource which sets the configration param", ({ spec }) => paramText(spec.paramRef)),
  ];
}

/** Whether parameters have a namespace isn't known here: those without one show `*`. */
function paramText({ name, namespace, selector }: ParamRef = {}): string {
  if (name) return `${namespace || "*"}/${name}`;
  return selector ? goSelectorText(selector) : UNSET;
}

/** A selector as Go prints the struct, which is what upstream shows. */
function goSelectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}: ${value},`).sort();
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`);
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join("")}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join("")}},}`;
}
