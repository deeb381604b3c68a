/** URLs as Go's net/url reads and writes them, with its messages. */
import { parseAddress, quoted } from "./addresses.ts";

export interface GoUrl {
  readonly scheme: string;
  /** What follows the scheme of a URL like `mailto:a@b`. */
  readonly opaque: string;
  readonly userInfo: string;
  /** With the port. */
  readonly host: string;
  /** As written; its escapes are valid. */
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

/** `:`, `/` and `@` apart, what may stand in a host, a path, a user's name. */
const HOST_CHARACTER = /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\x80-\uffff]/;
const PATH_CHARACTER = /[A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]]/;
const USER_INFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;

/** Parses what a request line may hold: an absolute URL or a path from the root. Throws an Error with Go's message. */
export function parseRequestUri(text: string): void {
  parse(text, text, true);
}

/** Parses a URL with its fragment. Throws an Error with Go's message. */
export function parseUrl(text: string): GoUrl {
  const hash = text.indexOf("#");
  if (hash < 0) return parse(text, text, false);
  const fragment = text.slice(hash + 1);
  const escape = badEscape(fragment, text);
  if (escape) throw escape;
  return { ...parse(text.slice(0, hash), text, false), fragment };
}

function parse(text: string, whole: string, viaRequest: boolean): GoUrl {
  const fail = (why: string): Error => new Error(`parse ${quoted(whole)}: ${why}`);
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) throw fail("net/url: invalid control character in URL");
  if (text === "" && viaRequest) throw fail("empty url");
  const empty: GoUrl = { scheme: "", opaque: "", userInfo: "", host: "", path: "", query: "", fragment: "" };
  if (text === "*") return { ...empty, path: "*" };
  if (text.startsWith(":")) throw fail("missing protocol scheme");
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? "";
  const afterScheme = scheme === "" ? text : text.slice(scheme.length + 1);
  const question = afterScheme.indexOf("?");
  const query = question < 0 ? "" : afterScheme.slice(question + 1);
  let rest = question < 0 ? afterScheme : afterScheme.slice(0, question);
  const base = { ...empty, scheme: scheme.toLowerCase(), query };
  if (!rest.startsWith("/")) {
    if (scheme !== "") return { ...base, opaque: rest };
    if (viaRequest) throw fail("invalid URI for request");
    if (rest.split("/", 1)[0]!.includes(":")) throw fail("first path segment in URL cannot contain colon");
  }
  let authority = { userInfo: "", host: "" };
  if (rest.startsWith("//") && (scheme !== "" || (!viaRequest && !rest.startsWith("///")))) {
    const slash = rest.indexOf("/", 2);
    authority = parseAuthority(scheme.toLowerCase(), slash < 0 ? rest.slice(2) : rest.slice(2, slash), fail, whole);
    rest = slash < 0 ? "" : rest.slice(slash);
  }
  const escape = badEscape(rest, whole);
  if (escape) throw escape;
  return { ...base, ...authority, path: rest };
}

type Fail = (why: string) => Error;

function parseAuthority(scheme: string, authority: string, fail: Fail, whole: string): { userInfo: string; host: string } {
  const at = authority.lastIndexOf("@");
  const host = parseHost(scheme, authority.slice(at + 1), fail, whole);
  if (at < 0) return { userInfo: "", host };
  const userInfo = authority.slice(0, at);
  if (!USER_INFO.test(userInfo)) throw fail("net/url: invalid userinfo");
  const escape = badEscape(userInfo, whole);
  if (escape) throw escape;
  return { userInfo, host };
}

function parseHost(scheme: string, host: string, fail: Fail, whole: string): string {
  const bracket = host.lastIndexOf("[");
  if (bracket > 0) throw fail("invalid IP-literal");
  if (bracket === 0) return parseIpLiteral(host, fail, whole);
  const strict = scheme === "http" || scheme === "https";
  const colon = strict ? host.indexOf(":") : host.lastIndexOf(":");
  if (colon >= 0) checkPort(host.slice(colon), fail);
  return unescapeHost(host, fail, whole);
}

function parseIpLiteral(host: string, fail: Fail, whole: string): string {
  const close = host.lastIndexOf("]");
  if (close < 0) throw fail("missing ']' in host");
  checkPort(host.slice(close + 1), fail);
  const name = host.slice(1, close);
  const zone = name.indexOf("%25");
  const address = zone < 0 ? unescapeHost(name, fail, whole) : unescapeHost(name.slice(0, zone), fail, whole) + unescaped(name.slice(zone));
  let bytes;
  try {
    ({ bytes } = parseAddress(address));
  } catch (error) {
    throw fail(`invalid host: ${(error as Error).message}`);
  }
  if (bytes.length === 4) throw fail("invalid IP-literal");
  return `[${address}]${host.slice(close + 1)}`;
}

function checkPort(port: string, fail: Fail): void {
  if (!/^(?::\d*)?$/.test(port)) throw fail(`invalid port ${quoted(port)} after host`);
}

function unescapeHost(host: string, fail: Fail, whole: string): string {
  for (let index = 0; index < host.length; index++) {
    if (host[index] === "%") {
      const escape = badEscape(host.slice(index, index + 3), whole);
      if (escape) throw escape;
      // In a host only what isn't ASCII may be escaped.
      if (Number.parseInt(host[index + 1]!, 16) < 8 && host.slice(index, index + 3) !== "%25") throw fail(`invalid URL escape ${quoted(host.slice(index, index + 3))}`);
      index += 2;
    } else if (!HOST_CHARACTER.test(host[index]!)) throw fail(`invalid character ${quoted(host[index]!)} in host name`);
  }
  return unescaped(host);
}

/** The error of the first escape that isn't one. */
function badEscape(text: string, whole: string): Error | undefined {
  const bad = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(text)?.[0];
  return bad === undefined ? undefined : new Error(`parse ${quoted(whole)}: invalid URL escape ${quoted(bad)}`);
}

/** Replaces escapes, which must be valid, by what they stand for. */
function unescaped(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll("%", ""), "hex").toString());
}

/** The host without its port and brackets, and the port. */
export function splitHost(host: string): { name: string; port: string } {
  const [, name = "", port = ""] = /^(.*?)(?::(\d*))?$/s.exec(host)!;
  return { name: name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name, port };
}

/** The path as it goes over the wire: as written, if it could be written so. */
export function escapedPath(path: string): string {
  if (Array.from(path).every((character) => character === "%" || PATH_CHARACTER.test(character))) return path;
  // What was escaped is, once more, unless it needn't be.
  const pieces = path.split(/((?:%[0-9a-fA-F]{2})+)/).map((piece) => (piece.startsWith("%") ? Buffer.from(piece.replaceAll("%", ""), "hex") : Buffer.from(piece)));
  return Array.from(Buffer.concat(pieces), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-_.~$&+,/:;=@]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** The parameters of a query in the order of their names' first use; what isn't one is left out. */
export function parseQuery(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const pair of query.split("&")) {
    if (pair === "" || pair.includes(";") || badEscape(pair, "") !== undefined) continue;
    const equals = pair.indexOf("=");
    const [name, value] = (equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)]).map((part) => unescaped(part.replaceAll("+", " "))) as [string, string];
    parameters.set(name, [...(parameters.get(name) ?? []), value]);
  }
  return parameters;
}
