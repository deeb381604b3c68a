import { declare, memberOverload, overload, type Library, type FunctionDeclaration } from "../functions.ts";
import { BOOL, STRING, listOf, mapOf, opaqueType } from "../types.ts";
import { CelArray, CelEntries, CelError, CelOpaque, type Result } from "../values.ts";
import { escapedPath, parseQuery, parseRequestUri, parseUrl, splitHost, type GoUrl } from "./go-url.ts";

const URL_TYPE = opaqueType("kubernetes.URL");

/** Of parsing or escaping a character. */
const CHARACTER_WORK = 10;

class UrlValue extends CelOpaque {
  override readonly type = URL_TYPE;
  readonly url: GoUrl;
  readonly #length: number;

  constructor(url: GoUrl, length: number) {
    super();
    this.url = url;
    this.#length = length;
  }

  /** Taking it apart takes as long as comparing it. */
  override weight(): number {
    return this.#length * CHARACTER_WORK;
  }

  override equals(other: CelOpaque): boolean {
    return JSON.stringify(this.url) === JSON.stringify((other as UrlValue).url);
  }
}

function parse(text: string): UrlValue | CelError {
  try {
    parseRequestUri(text);
    return new UrlValue(parseUrl(text), text.length);
  } catch (error) {
    return new CelError(`URL parse error during conversion from string: ${(error as Error).message}`);
  }
}

function getter(name: string, id: string, get: (url: GoUrl) => string): FunctionDeclaration {
  return declare(name, memberOverload(id, [URL_TYPE], STRING, ([value], meter) => {
    meter.work((value as UrlValue).weight());
    return get((value as UrlValue).url);
  }));
}

function query({ query: text }: GoUrl): Result {
  const parameters = new CelEntries();
  for (const [name, values] of parseQuery(text)) parameters.set(name, new CelArray(values));
  return parameters;
}

/** @see https://github.com/kubernetes/apiserver/blob/master/pkg/cel/library/urls.go */
export const URL_LIBRARY: Library = [
  declare("url", overload("string_to_url", [STRING], URL_TYPE, ([text]) => parse(text as string))),
  declare("isURL", overload("is_url_string", [STRING], BOOL, ([text], meter) => {
    meter.work((text as string).length * CHARACTER_WORK);
    return parse(text as string) instanceof UrlValue;
  })),
  getter("getScheme", "url_get_scheme", ({ scheme }) => scheme),
  getter("getHost", "url_get_host", ({ host }) => host),
  getter("getHostname", "url_get_hostname", ({ host }) => splitHost(host).name),
  getter("getPort", "url_get_port", ({ host }) => splitHost(host).port),
  getter("getEscapedPath", "url_get_escaped_path", ({ path }) => escapedPath(path)),
  declare("getQuery", memberOverload("url_get_query", [URL_TYPE], mapOf(STRING, listOf(STRING)), ([value], meter) => {
    meter.work((value as UrlValue).weight());
    return query((value as UrlValue).url);
  })),
];
