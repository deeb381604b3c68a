/**
 * `$(NAME)` references in commands, arguments and environment values. Unknown names stay as they
 * are; `$$` is a literal dollar sign.
 * @see https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) => (name === undefined ? "$" : (lookup(name) ?? whole)));
}
