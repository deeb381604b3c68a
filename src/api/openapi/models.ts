/**
 * The names of types: the client library calls them by JavaScript class (`V1Pod`), the OpenAPI documents
 * by Go package (`io.k8s.api.core.v1.Pod`).
 */
const META = "io.k8s.apimachinery.pkg.apis.meta";

/** Scalars with a name of their own; the client library has only their JavaScript types. */
export const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
export const INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
export const RAW_EXTENSION = "io.k8s.apimachinery.pkg.runtime.RawExtension";
export const OBJECT_META = `${META}.v1.ObjectMeta`;
export const LABEL_SELECTOR = `${META}.v1.LabelSelector`;
export const TIME = `${META}.v1.Time`;
export const MICRO_TIME = `${META}.v1.MicroTime`;
export const FIELDS_V1 = `${META}.v1.FieldsV1`;

const APIEXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";
export const JSON_SCHEMA = `${APIEXTENSIONS}.JSONSchemaProps`;
export const SCHEMA_OR_ARRAY = `${APIEXTENSIONS}.JSONSchemaPropsOrArray`;
export const SCHEMA_OR_BOOL = `${APIEXTENSIONS}.JSONSchemaPropsOrBool`;
export const SCHEMA_OR_STRINGS = `${APIEXTENSIONS}.JSONSchemaPropsOrStringArray`;

/** Types of any form, and structs without fields; the client library has `any`. */
export const JSON_MODELS = [`${APIEXTENSIONS}.CustomResourceSubresourceStatus`, `${APIEXTENSIONS}.JSON`, SCHEMA_OR_ARRAY, SCHEMA_OR_BOOL, SCHEMA_OR_STRINGS];

/**
 * Which class stands for which model. A class's name tells its version and, where two groups have a type of
 * that name, its group (`CoreV1Event`), but not its package. That follows from who refers to it: a type
 * belongs to the package of the first root that reaches it. Hence roots come as {@link rootOrder} sorts them:
 * first what all share.
 */
export class ModelNames {
  readonly #classNames: ReadonlySet<string>;
  readonly #packages = new Map<string, string>();
  readonly #classes = new Map<string, string>();
  readonly #models = new Map<string, string>();

  /** `classNames` is all that exist; `roots` are full model names. */
  constructor(classNames: ReadonlySet<string>, roots: readonly string[]) {
    this.#classNames = classNames;
    for (const root of roots) this.#packages.set(groupName(root), packageOf(root));
    for (const root of roots) {
      const [version, name] = root.split(".").slice(-2) as [string, string];
      const plain = capitalize(version) + name;
      const prefixed = capitalize(groupName(root)) + plain;
      const className = [prefixed, plain].find((candidate) => classNames.has(candidate));
      if (!className) throw new Error(`the client library has no type for ${root}`);
      this.#claim(className, root);
    }
  }

  /** The class of a root, or of a model that {@link refer} gave out. */
  classOf(model: string): string {
    return this.#classes.get(model)!;
  }

  /** The model of a class that a model of `from` refers to; undefined when there is no such class. */
  refer(className: string, from: string): string | undefined {
    const known = this.#models.get(className);
    if (known) {
      if (packageOf(known) !== packageOf(from) && rank(known) === OTHERS) throw new Error(`${from} refers to ${known} of another group: whose it is needs a root`);
      return known;
    }
    const parsed = /^([A-Z][a-z]+)??(V\d+(?:(?:alpha|beta)\d+)?)([A-Z].*)$/.exec(className);
    if (!parsed || !this.#classNames.has(className)) return undefined;
    const [, prefix, version, name] = parsed;
    const packageName = prefix ? this.#packages.get(prefix.toLowerCase()) : packageOf(from);
    if (!packageName) throw new Error(`${className} belongs to a group that none of the roots is of`);
    const model = `${packageName}.${version!.toLowerCase()}.${name}`;
    this.#claim(className, model);
    return model;
  }

  #claim(className: string, model: string): void {
    const other = this.#classes.get(model);
    if (other && other !== className) throw new Error(`${className} and ${other} would both be ${model}`);
    this.#classes.set(model, className);
    this.#models.set(className, model);
  }
}

/** The API machinery's types first, then core's, then the rest by name: core's refer to no other group's, but others refer to them. */
export function rootOrder(a: string, b: string): number {
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

const OTHERS = 2;

function rank(model: string): number {
  return model.startsWith(META) ? 0 : model.startsWith("io.k8s.api.core.") ? 1 : OTHERS;
}

function packageOf(model: string): string {
  return model.split(".").slice(0, -2).join(".");
}

/** `discovery` of `io.k8s.api.discovery.v1.EndpointPort`. */
export function groupName(model: string): string {
  return model.split(".").at(-3)!;
}

function capitalize(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}

/** `Pod` of `io.k8s.api.core.v1.Pod`. */
export function shortName(model: string): string {
  return model.slice(model.lastIndexOf(".") + 1);
}
