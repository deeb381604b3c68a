/**
 * The Common Expression Language as Kubernetes has it: `compile` an expression for an environment of typed variables,
 * then `evaluate` it as often as needed.
 * @see https://kubernetes.io/docs/reference/using-api/cel/
 */
export type { CelType } from "./types.ts";
export {
  BOOL, BYTES, DOUBLE, DURATION, DYN, INT, NULL, STRING, TIMESTAMP, UINT,
  listOf, mapOf, objectType, optionalOf,
} from "./types.ts";
export { compile } from "./program.ts";
export type { CelEnvironment, CelProgram, CelResult } from "./program.ts";
export type { SizeEstimate, SizeEstimator } from "./estimate.ts";
export { isExactly, typeText } from "./type-relations.ts";
export { JSON_PATCH, OBJECT, typeNameMismatches } from "./structs.ts";
export type { CelValue } from "./values.ts";
export { CelCompileError, CelEvaluationError } from "./errors.ts";
export { declaredType, maxCardinality } from "./schema.ts";
export type { DeclaredType, SchemaForCel } from "./schema.ts";
export { LazyFields } from "./lazy.ts";
export { compileRegex, regexSize, type Regex } from "./regex.ts";
export { AUTHORIZER, AuthorizerValue, RESOURCE_CHECK, ResourceCheckValue } from "./library/authorizer.ts";
export type { AuthorizationCheck, AuthorizationDecision, CelAuthorizer, ResourceToCheck } from "./library/authorizer.ts";
export * from "./limits.ts";
