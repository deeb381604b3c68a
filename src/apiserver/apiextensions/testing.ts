/** What tests of custom resources share. */
import type { TestServer } from "../testing.ts";

export const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

export interface CrdOptions {
  group?: string;
  plural?: string;
  kind?: string;
  singular?: string;
  shortNames?: string[];
  categories?: string[];
  scope?: "Namespaced" | "Cluster";
  annotations?: Record<string, string>;
  /** Fields of the version, v1. */
  version?: object;
  /** Further versions. */
  more?: object[];
}

/** The definition of Widgets, or of what the options say. */
export function crd({ group = "example.com", plural = "widgets", kind = "Widget", scope = "Namespaced", annotations, version, more = [], ...names }: CrdOptions): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, ...(annotations ? { annotations } : {}) },
    spec: {
      group,
      scope,
      names: { plural, kind, ...names },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }, ...version }, ...more],
    },
  };
}

/** Creates a definition, and waits until it is established. */
export async function define(server: TestServer, options: CrdOptions): Promise<void> {
  const created = await server.create(CRDS, crd(options));
  await until(async () => {
    const { body } = await server.request(`GET ${CRDS}/${created.metadata.name}`);
    return body.status?.conditions?.some(({ type, status }: { type: string; status: string }) => type === "Established" && status === "True");
  });
}

/** Deletes a definition, and waits until it is gone. */
export async function remove(server: TestServer, name: string): Promise<void> {
  await server.request(`DELETE ${CRDS}/${name}`);
  await until(async () => (await server.request(`GET ${CRDS}/${name}`)).status === 404);
}

/** Asks again and again: what the server does on its own takes a few turns of the event loop. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (await holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error("it never came true");
}
