/** Replacing functions of Node's own modules so that nobody notices. */

// Node's functions are called with whatever programs pass; their types are of no use here.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyFunction = (this: any, ...args: any[]) => any;

/** A function of an object, to be called on whatever it is applied to. */
export function functionOf(target: object, name: string): AnyFunction {
  return (target as Record<string, AnyFunction>)[name]!;
}

/**
 * Puts a replacement in the place of `target[name]`. The replacement keeps the original's name,
 * length and own properties (`util.promisify.custom`, `realpath.native`). A function this Node
 * doesn't have is left alone.
 */
export function replace(target: object, name: string, make: (original: AnyFunction) => AnyFunction): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, name);
  const original = (target as Record<string, unknown>)[name];
  if (typeof original !== "function" || descriptor?.configurable === false) return;
  const replacement = make(original as AnyFunction);
  for (const key of Reflect.ownKeys(original)) {
    const own = Object.getOwnPropertyDescriptor(original, key)!;
    if (key !== "prototype" && Object.getOwnPropertyDescriptor(replacement, key)?.configurable !== false) Object.defineProperty(replacement, key, own);
  }
  Object.defineProperty(target, name, { value: replacement, writable: true, configurable: true, enumerable: descriptor?.enumerable ?? false });
}
