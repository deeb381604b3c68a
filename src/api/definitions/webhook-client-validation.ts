/**
 * Where a webhook is: a URL or a Service.
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/util/webhook/validation.go
 */
import type { FieldError } from "../errors.ts";
import { invalid, required } from "./field-errors.ts";
import { dns1123Subdomain, portNumber } from "./names.ts";

export interface WebhookClientConfig {
  url?: string | undefined;
  service?: { name: string; namespace: string; path?: string | undefined; port?: number | undefined } | undefined;
}

export function setWebhookClientDefaults({ service }: WebhookClientConfig): void {
  if (service) service.port ??= 443;
}

export function validateWebhookClient(client: WebhookClientConfig, field: string): FieldError[] {
  const { url, service } = client;
  if ((url === undefined) === (service === undefined)) return [required(field, "exactly one of url or service is required")];
  return service ? validateService(service, `${field}.service`) : validateUrl(url!, `${field}.url`);
}

function validateUrl(text: string, field: string): FieldError[] {
  const form = "; desired format: https://host[/path]";
  const parsed = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?[^?#]*(\?[^#]*)?(#.*)?$/s.exec(text);
  if (!parsed) return [required(field, `url must be a valid URL: parse ${JSON.stringify(text)}${form}`)];
  const [, scheme = "", user, host = "", query = "", fragment = ""] = parsed;
  return [
    ...(scheme.toLowerCase() === "https" ? [] : [invalid(field, scheme, `'https' is the only allowed URL scheme${form}`)]),
    ...(host === "" ? [invalid(field, host, `host must be specified${form}`)] : []),
    ...(user === undefined ? [] : [invalid(field, user, "user information is not permitted in the URL")]),
    ...(fragment.length > 1 ? [invalid(field, fragment.slice(1), "fragments are not permitted in the URL")] : []),
    ...(query.length > 1 ? [invalid(field, query.slice(1), "query parameters are not permitted in the URL")] : []),
  ];
}

function validateService({ name, namespace, path = "", port = 0 }: NonNullable<WebhookClientConfig["service"]>, field: string): FieldError[] {
  const problems = portNumber(port);
  return [
    ...(name === "" ? [required(`${field}.name`)] : []),
    ...(namespace === "" ? [required(`${field}.namespace`)] : []),
    ...(problems.length > 0 ? [invalid(`${field}.port`, port, `port is not valid: ${problems.join(", ")}`)] : []),
    ...validatePath(path, `${field}.path`),
  ];
}

function validatePath(path: string, field: string): FieldError[] {
  if (path === "" || path === "/") return [];
  if (path === "//") return [invalid(field, path, "segment[0] may not be empty")];
  const errors = path.startsWith("/") ? [] : [invalid(field, path, "must start with a '/'")];
  // The first character is taken for the slash it should be, as upstream does.
  const steps = path.slice(1).replace(/\/$/, "").split("/");
  for (const [i, step] of steps.entries()) {
    if (step === "") errors.push(invalid(field, path, `segment[${i}] may not be empty`));
    else errors.push(...dns1123Subdomain(step).map((problem) => invalid(field, path, `segment[${i}]: ${problem}`)));
  }
  return errors;
}
