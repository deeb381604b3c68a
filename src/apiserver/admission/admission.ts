/**
 * The admission chain: plugins that may change an object before it is validated, and plugins that may
 * refuse it afterwards.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
 */
import { forbidden, isReason, StatusError } from "#api/errors.ts";
import type { ResourceDefinition } from "#api/scheme.ts";
import type { KubeObject } from "#api/types.ts";
import type { Alongside } from "#store/index.ts";
import type { User } from "../user.ts";

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** A kind's coordinates, and the type its objects are checked against. */
export interface AdmittedKind {
  group: string;
  version: string;
  kind: string;
  model?: string | undefined;
}

/** What is about to happen. */
export interface Attributes {
  operation: Operation;
  /** The resource. */
  definition: ResourceDefinition;
  /** What `object` is where it isn't the resource's own kind: a Binding, a Scale, PodExecOptions. */
  kind?: AdmittedKind | undefined;
  /** `status`, `binding`; empty for the object itself. */
  subresource: string;
  namespace: string;
  /** Empty while the name is not generated yet. */
  name: string;
  /** The object as it will be stored; undefined for deletes. A mutating plugin may also put another one here. */
  object: KubeObject | undefined;
  /** The stored object; undefined for creates. Shared: must not be changed. */
  oldObject: KubeObject | undefined;
  user: User;
  dryRun: boolean;
  warn: (text: string) => void;
  /** Notes something for the audit log; the key has the form `plugin.example.com/key`. */
  annotate?: ((key: string, value: string) => void) | undefined;
  /** What the client asked for besides: the query and the body's options, as `CreateOptions` and so on. */
  options?: object | undefined;
  /** Writes that are to be stored with this one or not at all; validating plugins add to it. */
  alongside: Alongside[];
  /** Whether and why the mutating plugins run a second time. */
  reinvocation?: Reinvocation | undefined;
}

/**
 * Lets mutating plugins see what later ones did: when one that calls out has changed the object, all run once more.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#reinvocation-policy
 */
export interface Reinvocation {
  /** True in the second run. */
  again: boolean;
  /** Set by a plugin to ask for the second run. */
  wanted: boolean;
  /** What plugins remember between the runs, by their names. */
  memory: Map<string, unknown>;
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
  const mutating = plugins.filter(({ admit }) => admit);
  const validating = plugins.filter(({ validate }) => validate);
  return {
    async admit(attributes) {
      const reinvocation: Reinvocation = { again: false, wanted: false, memory: new Map() };
      attributes.reinvocation = reinvocation;
      for (const plugin of mutating) await plugin.admit!(attributes);
      if (!reinvocation.wanted) return;
      reinvocation.again = true;
      for (const plugin of mutating) await plugin.admit!(attributes);
    },
    async validate(attributes) {
      for (const plugin of validating) await plugin.validate!(attributes);
    },
  };
}

/** Whether the request is about this resource, of any version, or about this subresource of it. */
export function isAbout({ definition, subresource }: Attributes, group: string, plural: string, wanted = ""): boolean {
  return definition.plural === plural && definition.group === group && subresource === wanted;
}

/** What refusals are about; a name that is still to be generated is told by what it begins with. */
export function nameOf({ name, object }: Attributes): string {
  return name || object?.metadata?.name || object?.metadata?.generateName || "Unknown";
}

/** The refusal of a request, in upstream's words (admission.NewForbidden). */
export function refusal(attributes: Attributes, why: string): StatusError {
  const { group, plural } = attributes.definition;
  return forbidden({ group, resource: plural, name: nameOf(attributes) }, why);
}

/** Several reasons as one text, as upstream's aggregated errors print: `[a, b]`. */
export function aggregate(reasons: string[]): string {
  const unique = [...new Set(reasons)];
  return unique.length === 1 ? unique[0]! : `[${unique.join(", ")}]`;
}

/** A thrown error as a refusal of the request; what refuses already stays as it is. */
export function asRefusal(attributes: Attributes, error: unknown): StatusError {
  if (error instanceof StatusError && isReason(error, "Forbidden")) return error;
  return refusal(attributes, error instanceof Error ? error.message : String(error));
}
