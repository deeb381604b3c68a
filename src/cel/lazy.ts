import type { CelType } from "./types.ts";

/**
 * To bind as an object whose fields are computed when an expression first reads them, such as the `variables` of a
 * policy. `resolve` gives a field's value (plain JSON or a CelValue), or throws a CelEvaluationError that becomes the
 * expression's own, unless it is absorbed.
 */
export class LazyFields {
  readonly fields: Readonly<Record<string, CelType>>;
  readonly resolve: (name: string) => unknown;

  constructor(fields: Readonly<Record<string, CelType>>, resolve: (name: string) => unknown) {
    this.fields = fields;
    this.resolve = resolve;
  }
}
