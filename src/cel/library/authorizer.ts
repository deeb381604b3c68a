import { dns1123Label, dns1123Subdomain } from "#lib/names.ts";
import { declare, memberOverload, type FunctionDeclaration, type Library } from "../functions.ts";
import { BOOL, STRING, opaqueType } from "../types.ts";
import { CelError, CelOpaque, type CelValue, type Result } from "../values.ts";

/** What an expression asks the authorizer: may a user do this? */
export interface AuthorizationCheck {
  readonly verb: string;
  /** A path that is no resource, such as `/healthz`. */
  readonly path?: string;
  readonly resource?: ResourceToCheck;
  /** Asked for this service account in place of the request's user. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
}

export interface ResourceToCheck {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty for the cluster. */
  readonly namespace: string;
  readonly name: string;
  /** As written, not parsed; empty for none. */
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** Why no decision could be made. */
  readonly error?: string;
}

/** The host's side of `authorizer`: it knows the request's user. Evaluation is synchronous, and so is this. */
export type CelAuthorizer = (check: AuthorizationCheck) => AuthorizationDecision;

/** The type of the variable `authorizer`. */
export const AUTHORIZER = opaqueType("kubernetes.authorization.Authorizer");
/** The type of the variable `authorizer.requestResource`. */
export const RESOURCE_CHECK = opaqueType("kubernetes.authorization.ResourceCheck");

/** Equal to itself alone. */
abstract class Check extends CelOpaque {
  override equals(other: CelOpaque): boolean {
    return this === other;
  }
}

const PATH_CHECK = opaqueType("kubernetes.authorization.PathCheck");
const GROUP_CHECK = opaqueType("kubernetes.authorization.GroupCheck");
const DECISION = opaqueType("kubernetes.authorization.Decision");

/** To bind as `authorizer`. */
export class AuthorizerValue extends Check {
  override readonly type = AUTHORIZER;
  readonly authorize: CelAuthorizer;
  readonly serviceAccount: AuthorizationCheck["serviceAccount"];

  constructor(authorize: CelAuthorizer, serviceAccount?: AuthorizationCheck["serviceAccount"]) {
    super();
    this.authorize = authorize;
    this.serviceAccount = serviceAccount;
  }
}

/** To bind as `authorizer.requestResource`: a check of the resource that is asked for. */
export class ResourceCheckValue extends Check {
  override readonly type = RESOURCE_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly resource: ResourceToCheck;

  constructor(authorizer: AuthorizerValue, resource: ResourceToCheck) {
    super();
    this.authorizer = authorizer;
    this.resource = resource;
  }
}

class PathCheckValue extends Check {
  override readonly type = PATH_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly path: string;

  constructor(authorizer: AuthorizerValue, path: string) {
    super();
    this.authorizer = authorizer;
    this.path = path;
  }
}

class GroupCheckValue extends Check {
  override readonly type = GROUP_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly group: string;

  constructor(authorizer: AuthorizerValue, group: string) {
    super();
    this.authorizer = authorizer;
    this.group = group;
  }
}

class DecisionValue extends Check {
  override readonly type = DECISION;
  readonly decision: AuthorizationDecision;

  constructor(decision: AuthorizationDecision) {
    super();
    this.decision = decision;
  }
}

function pathCheck(authorizer: AuthorizerValue, path: string): Result {
  return path.trim() === "" ? new CelError("path must not be empty") : new PathCheckValue(authorizer, path);
}

function serviceAccount({ authorize }: AuthorizerValue, namespace: string, name: string): Result {
  if (dns1123Subdomain(name).length > 0) return new CelError("Invalid service account name");
  return dns1123Label(namespace).length > 0 ? new CelError("Invalid service account namespace") : new AuthorizerValue(authorize, { namespace, name });
}

function resourceCheck({ authorizer, group }: GroupCheckValue, resource: string): Result {
  if (resource.trim() === "") return new CelError("resource must not be empty");
  return new ResourceCheckValue(authorizer, { group, resource, subresource: "", namespace: "", name: "", fieldSelector: "", labelSelector: "" });
}

function check(authorizer: AuthorizerValue, asked: AuthorizationCheck): DecisionValue {
  return new DecisionValue(authorizer.authorize({ ...asked, ...(authorizer.serviceAccount && { serviceAccount: authorizer.serviceAccount }) }));
}

/** A function that narrows a resource check by one of its parts. */
function narrowing(name: keyof ResourceToCheck, id: string): FunctionDeclaration {
  return declare(name, memberOverload(id, [RESOURCE_CHECK, STRING], RESOURCE_CHECK, ([target, text]) => {
    const { authorizer, resource } = target as ResourceCheckValue;
    return new ResourceCheckValue(authorizer, { ...resource, [name]: text as string });
  }));
}

const decisionOf = (value: CelValue | undefined): AuthorizationDecision => (value as DecisionValue).decision;

/** @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/authz.go */
export const AUTHORIZER_LIBRARY: Library = [
  declare("path", memberOverload("authorizer_path", [AUTHORIZER, STRING], PATH_CHECK, ([authorizer, path]) => pathCheck(authorizer as AuthorizerValue, path as string))),
  declare("group", memberOverload("authorizer_group", [AUTHORIZER, STRING], GROUP_CHECK,
    ([authorizer, group]) => new GroupCheckValue(authorizer as AuthorizerValue, group as string))),
  declare("serviceAccount", memberOverload("authorizer_serviceaccount", [AUTHORIZER, STRING, STRING], AUTHORIZER,
    ([authorizer, namespace, name]) => serviceAccount(authorizer as AuthorizerValue, namespace as string, name as string))),
  declare("resource", memberOverload("groupcheck_resource", [GROUP_CHECK, STRING], RESOURCE_CHECK,
    ([group, resource]) => resourceCheck(group as GroupCheckValue, resource as string))),
  narrowing("subresource", "resourcecheck_subresource"),
  narrowing("namespace", "resourcecheck_namespace"),
  narrowing("name", "resourcecheck_name"),
  narrowing("fieldSelector", "authorizer_fieldselector"),
  narrowing("labelSelector", "authorizer_labelselector"),
  declare("check",
    memberOverload("pathcheck_check", [PATH_CHECK, STRING], DECISION, ([target, verb]) => {
      const { authorizer, path } = target as PathCheckValue;
      return check(authorizer, { verb: verb as string, path });
    }),
    memberOverload("resourcecheck_check", [RESOURCE_CHECK, STRING], DECISION, ([target, verb]) => {
      const { authorizer, resource } = target as ResourceCheckValue;
      return check(authorizer, { verb: verb as string, resource });
    })),
  declare("errored", memberOverload("decision_errored", [DECISION], BOOL, ([decision]) => decisionOf(decision).error !== undefined)),
  declare("error", memberOverload("decision_error", [DECISION], STRING, ([decision]) => decisionOf(decision).error ?? "")),
  declare("allowed", memberOverload("decision_allowed", [DECISION], BOOL, ([decision]) => decisionOf(decision).allowed)),
  declare("reason", memberOverload("decision_reason", [DECISION], STRING, ([decision]) => decisionOf(decision).reason)),
];
