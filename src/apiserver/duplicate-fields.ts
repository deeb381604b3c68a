/**
 * Finds fields that a JSON text names twice: JSON.parse keeps the last in silence, Kubernetes reports
 * them. `value` is what the text, which must be valid JSON, was parsed as.
 */
export function duplicateFields(text: string, value: unknown = JSON.parse(text)): string[] {
  // What is written again as it was read has lost nothing; that is told fastest, and true of most.
  return JSON.stringify(value) === text ? [] : scan(text);
}

function scan(text: string): string[] {
  const duplicates = new Set<string>();
  /** Maps hold their names, lists their next index. */
  const stack: { names: Set<string> | undefined; index: number; path: string }[] = [];
  let key = "";
  const child = (): string => {
    const top = stack.at(-1);
    if (!top) return "";
    if (!top.names) return `${top.path}[${top.index}]`;
    return top.path === "" ? key : `${top.path}.${key}`;
  };
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        stack.push({ names: new Set(), index: 0, path: child() });
        break;
      case 0x5b: // [
        stack.push({ names: undefined, index: 0, path: child() });
        break;
      case 0x7d: // }
      case 0x5d: // ]
        stack.pop();
        break;
      case 0x2c: // ,
        stack.at(-1)!.index++;
        break;
      case 0x22: {
        // "
        const end = endOfString(text, at);
        const next = nextNonSpace(text, end);
        const top = stack.at(-1);
        if (top?.names && text.charCodeAt(next) === 0x3a) {
          const raw = text.slice(at + 1, end - 1);
          key = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
          if (top.names.has(key)) duplicates.add(child());
          top.names.add(key);
          at = next;
        } else {
          at = end - 1;
        }
      }
    }
  }
  return [...duplicates];
}

/** The index after the closing quote. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text[quote - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

function nextNonSpace(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= 0x20) at++;
  return at;
}
