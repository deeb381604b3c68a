/**
 * The admission chain: plugins that may change an object before it is validated, and plugins that may
 * refuse it afterwards.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
 */
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject } from "#api/types.ts";
import type { User } from "../user.ts";

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** What is about to happen. */
export interface Attributes {
  operation: Operation;
  definition: ResourceDefinition;
  /** `status`, `binding`; empty for the object itself. */
  subresource: string;
  namespace: string;
  /** Empty while the name is not generated yet. */
  name: string;
  /** The object as it will be stored; undefined for deletes. */
  object: KubeObject | undefined;
  /** The stored object; undefined for creates. */
  oldObject: KubeObject | undefined;
  user: User;
  dryRun: boolean;
  warn: (text: string) => void;
}

export interface AdmissionPlugin {
  /** As upstream's `--enable-admission-plugins` knows it. */
  name: string;
  /** May change `attributes.object`; refuses by throwing a StatusError. */
  admit?: (attributes: Attributes) => void | Promise<void>;
  /** Refuses by throwing a StatusError. */
  validate?: (attributes: Attributes) => void | Promise<void>;
}

export interface AdmissionChain {
  admit(attributes: Attributes): Promise<void>;
  validate(attributes: Attributes): Promise<void>;
}

export function admissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  return {
    async admit(attributes) {
      for (const plugin of plugins) if (plugin.admit) await plugin.admit(attributes);
    },
    async validate(attributes) {
      for (const plugin of plugins) if (plugin.validate) await plugin.validate(attributes);
    },
  };
}
