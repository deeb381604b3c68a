/** What expressions see of a request: the values of `object`, `request`, `authorizer` and so on. */
import { AuthorizerValue, ResourceCheckValue, type AuthorizationCheck, type AuthorizationDecision } from "#cel/index.ts";
import type { KubeObject, Namespace } from "#api/types.ts";
import type { User } from "../../user.ts";
import type { Attributes } from "../admission.ts";
import { convert, type Match } from "../matching.ts";
import { requestOf } from "../webhook/review.ts";

export interface CelFinders {
  namespace: (name: string) => Namespace | undefined;
  /** Whether a user may do something, for `authorizer`. */
  authorize: (user: User, check: AuthorizationCheck) => AuthorizationDecision;
}

export type Bindings = Readonly<Record<string, unknown>>;

/** All but `params` and `variables`. Objects are as of the version that the policy's rules name. */
export function bindingsOf(attributes: Attributes, match: Match, { namespace, authorize }: CelFinders): Bindings {
  const { user, definition, kind, subresource, name } = attributes;
  const seen = (object: KubeObject | undefined): KubeObject | null => (object && !kind ? convert(object, definition, match.definition) : (object ?? null));
  const authorizer = new AuthorizerValue((check) => authorize(user, check));
  const { group, plural: resource } = match.definition;
  return {
    object: seen(attributes.object),
    oldObject: seen(attributes.oldObject),
    request: requestOf(attributes, match),
    namespaceObject: attributes.namespace === "" ? null : (namespace(attributes.namespace) ?? null),
    authorizer,
    "authorizer.requestResource": new ResourceCheckValue(authorizer, { group, resource, subresource, namespace: attributes.namespace, name, fieldSelector: "", labelSelector: "" }),
    params: null,
  };
}
