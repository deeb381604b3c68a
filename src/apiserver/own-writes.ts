/** What the server itself writes: through its own front door, so that it is checked, defaulted and watched as everyone's. */
import { bodyText, type HttpHandler } from "#lib/http.ts";
import { StatusError } from "#api/errors.ts";
import { apiVersionOf, resourcePath, type Resource } from "#api/resources.ts";
import type { KubeList, KubeObject, Status } from "#api/types.ts";

export type Named = { metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> } } & Record<string, unknown>;

export async function send(handler: HttpHandler, method: string, url: string, resource: Resource, object: Named): Promise<number> {
  const body = JSON.stringify({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...object });
  const response = await handler({ method, url, headers: { "content-type": "application/json", "user-agent": "kube-apiserver" }, body });
  if (response.status >= 400 && response.status !== 409 && response.status !== 404) {
    throw StatusError.from(JSON.parse(await bodyText(response.body)) as Status);
  }
  return response.status;
}

/** Creates the object unless it is there. */
export async function ensure(handler: HttpHandler, resource: Resource, object: Named): Promise<void> {
  const { name, namespace } = object.metadata;
  const found = await handler({ method: "GET", url: resourcePath(resource, namespace, name), headers: {} });
  if (found.status === 404) await send(handler, "POST", resourcePath(resource, object.metadata.namespace), resource, object);
}

/** Creates the object, or makes the existing one like it. */
export async function replace(handler: HttpHandler, resource: Resource, object: Named): Promise<void> {
  const { name, namespace } = object.metadata;
  const status = await send(handler, "PUT", resourcePath(resource, namespace, name), resource, object);
  if (status === 404) await ensure(handler, resource, object);
}

/** All objects of a kind. Throws a StatusError. */
export async function listAll<T extends KubeObject>(handler: HttpHandler, resource: Resource<T>): Promise<T[]> {
  const { status, body } = await handler({ method: "GET", url: resourcePath(resource), headers: {} });
  const text = await bodyText(body);
  if (status !== 200) throw StatusError.from(JSON.parse(text) as Status);
  return (JSON.parse(text) as KubeList<T>).items;
}
