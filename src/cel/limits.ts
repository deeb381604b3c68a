/**
 * What CEL may cost in Kubernetes. A unit is roughly 0.1 µs of cel-go's time.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/apis/cel/config.go
 */

/** The cost of one evaluation of one expression. */
export const PER_CALL_LIMIT = 1_000_000;
/** The cost of all expressions over one custom resource, or of one admission policy binding. */
export const RUNTIME_COST_BUDGET = 10_000_000;
/** The cost of all match conditions of one webhook or policy. */
export const MATCH_CONDITIONS_COST_BUDGET = 2_500_000;
/** The most bytes of a request; bounds what a schema leaves unbounded. */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
/** The longest string a messageExpression may come to. */
export const MAX_MESSAGE_BYTES = 5 * 1024;
/** The estimated cost allowed to one rule of a CustomResourceDefinition, repeated as often as the schema lets its data repeat. */
export const ESTIMATED_COST_LIMIT = 10_000_000;
/** The same for all rules of one CustomResourceDefinition version together. */
export const ESTIMATED_CRD_COST_LIMIT = 100_000_000;
