/**
 * CEL in admission: what expressions of policies and match conditions can refer to, and what they must come
 * to. Used by the validation of those kinds and by the plugins that run them.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/cel/compile.go
 */
import {
  AUTHORIZER, BOOL, CelCompileError, compile, DYN, INT, isExactly, JSON_PATCH as PATCH_OPERATION, listOf, mapOf, NULL, OBJECT, objectType, RESOURCE_CHECK, STRING, TIMESTAMP, typeText,
  type CelEnvironment, type CelProgram, type CelType,
} from "#cel/index.ts";

const KIND = objectType("kubernetes.GroupVersionKind", { group: STRING, version: STRING, kind: STRING });
const RESOURCE = objectType("kubernetes.GroupVersionResource", { group: STRING, version: STRING, resource: STRING });
const USER_INFO = objectType("kubernetes.UserInfo", { username: STRING, uid: STRING, groups: listOf(STRING), extra: mapOf(STRING, listOf(STRING)) });

/** `request`: the AdmissionRequest without its objects, which are variables of their own. */
const REQUEST = objectType("kubernetes.AdmissionRequest", {
  kind: KIND,
  resource: RESOURCE,
  subResource: STRING,
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER_INFO,
  dryRun: BOOL,
  options: DYN,
});

const NAMESPACE_CONDITION = objectType("kubernetes.NamespaceCondition", { status: STRING, type: STRING, lastTransitionTime: TIMESTAMP, message: STRING, reason: STRING });

/** `namespaceObject` */
const NAMESPACE = objectType("kubernetes.Namespace", {
  metadata: objectType("kubernetes.NamespaceMetadata", {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: listOf(STRING),
  }),
  spec: objectType("kubernetes.NamespaceSpec", { finalizers: listOf(STRING) }),
  status: objectType("kubernetes.NamespaceStatus", { conditions: listOf(NAMESPACE_CONDITION), phase: STRING }),
});

export interface ExpressionScope {
  params?: boolean;
  authorizer?: boolean;
  /** The types of the variables that a policy has defined so far. */
  variables?: Readonly<Record<string, CelType>> | undefined;
  /** `Object{}` and `JSONPatch{}` can be made. */
  patchTypes?: boolean;
  /** The type of `object` and `oldObject`, where it is known. */
  object?: CelType | undefined;
  paramsType?: CelType | undefined;
}

export function environmentOf({ params, authorizer, variables, patchTypes, object = DYN, paramsType = DYN }: ExpressionScope): CelEnvironment {
  return {
    variables: {
      object,
      oldObject: object,
      namespaceObject: NAMESPACE,
      request: REQUEST,
      ...(params ? { params: paramsType } : {}),
      ...(authorizer ? { authorizer: AUTHORIZER, "authorizer.requestResource": RESOURCE_CHECK } : {}),
      ...(variables ? { variables: objectType("kubernetes.variables", { ...variables }) } : {}),
    },
    ...(patchTypes ? { patchTypes } : {}),
  };
}

export const BOOLEAN = [BOOL];
export const TEXT = [STRING];
export const TEXT_OR_NULL = [STRING, NULL];
export const APPLY_CONFIGURATION: CelType[] = [OBJECT];
export const JSON_PATCH = [listOf(PATCH_OPERATION)];
/** Of variables: whatever they come to. */
export const ANYTHING: CelType[] = [];

/** An expression, compiled or with what is wrong with it. */
export interface CompiledExpression {
  text: string;
  program?: CelProgram;
  /** In upstream's words: `compilation failed: ERROR: <input>:1:1: ...`. */
  error?: string;
}

/** `wanted` are the types the expression may have; none for any. */
export function compileExpression(text: string, environment: CelEnvironment, wanted: readonly CelType[]): CompiledExpression {
  let program: CelProgram;
  try {
    program = compile(text, environment);
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return { text, error: `${error.reason}: ${error.message}` };
  }
  const { resultType } = program;
  if (wanted.length === 0 || wanted.some((type) => isExactly(type, resultType))) return { text, program };
  const names = wanted.map(typeText);
  return { text, error: `must evaluate to ${names.length === 1 ? names[0] : `one of [${names.join(" ")}]`} but got ${typeText(resultType)}` };
}

/** A policy's variables in their order, each with those before it in scope, and the types of those that compile. */
export function compileVariables(variables: readonly { name: string; expression: string }[], scope: ExpressionScope): { types: Record<string, CelType>; compiled: Map<string, CompiledExpression> } {
  const types: Record<string, CelType> = {};
  const compiled = new Map<string, CompiledExpression>();
  for (const { name, expression } of variables) {
    const result = compileExpression(expression, environmentOf({ ...scope, variables: types }), ANYTHING);
    compiled.set(name, result);
    // One that doesn't compile is there all the same, so that what uses it says why.
    types[name] = result.program?.resultType ?? DYN;
  }
  return { types, compiled };
}
