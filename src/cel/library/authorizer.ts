import { opaqueType } from "../types.ts";

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

/** To bind as `authorizer`. */
export class AuthorizerValue {
  readonly type = AUTHORIZER;
  readonly authorize: CelAuthorizer;
  readonly serviceAccount: AuthorizationCheck["serviceAccount"];

  constructor(authorize: CelAuthorizer, serviceAccount?: AuthorizationCheck["serviceAccount"]) {
    this.authorize = authorize;
    this.serviceAccount = serviceAccount;
  }
}

/** To bind as `authorizer.requestResource`: a check of the resource that is asked for. */
export class ResourceCheckValue {
  readonly type = RESOURCE_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly resource: ResourceToCheck;

  constructor(authorizer: AuthorizerValue, resource: ResourceToCheck) {
    this.authorizer = authorizer;
    this.resource = resource;
  }
}
