import type { FunctionDeclaration, Library } from "../functions.ts";
import { AUTHORIZER_LIBRARY } from "./authorizer.ts";
import { CONVERSION_LIBRARY } from "./conversions.ts";
import { FORMAT_LIBRARY } from "./formats.ts";
import { JSON_PATCH_LIBRARY } from "./json-patch.ts";
import { LIST_LIBRARY, SET_LIBRARY } from "./lists.ts";
import { NETWORK_LIBRARY, NETWORK_STRING_OVERLOADS } from "./network.ts";
import { OPERATOR_LIBRARY } from "./operators.ts";
import { OPTIONAL_LIBRARY } from "./optionals.ts";
import { QUANTITY_LIBRARY } from "./quantity.ts";
import { REGEX_LIBRARY } from "./regexes.ts";
import { SEMVER_LIBRARY } from "./semver.ts";
import { TEXT_LIBRARY } from "./text.ts";
import { TIME_LIBRARY } from "./times.ts";
import { URL_LIBRARY } from "./urls.ts";

/**
 * What every expression of Kubernetes can call.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/environment/base.go
 */
export const FUNCTIONS: ReadonlyMap<string, FunctionDeclaration> = merged([
  OPERATOR_LIBRARY, CONVERSION_LIBRARY, TEXT_LIBRARY, TIME_LIBRARY, OPTIONAL_LIBRARY, REGEX_LIBRARY, LIST_LIBRARY, SET_LIBRARY, URL_LIBRARY,
  AUTHORIZER_LIBRARY, QUANTITY_LIBRARY, NETWORK_LIBRARY, [{ name: "string", overloads: NETWORK_STRING_OVERLOADS }], FORMAT_LIBRARY, SEMVER_LIBRARY,
]);

/** The same with what mutating policies can call. */
export const PATCH_FUNCTIONS: ReadonlyMap<string, FunctionDeclaration> = new Map([...FUNCTIONS, ...merged([JSON_PATCH_LIBRARY])]);

/** A function that several libraries declare has the overloads of all. */
function merged(libraries: readonly Library[]): Map<string, FunctionDeclaration> {
  const functions = new Map<string, FunctionDeclaration>();
  for (const declaration of libraries.flat()) {
    const known = functions.get(declaration.name);
    functions.set(declaration.name, known ? { ...known, overloads: [...known.overloads, ...declaration.overloads] } : declaration);
  }
  return functions;
}
