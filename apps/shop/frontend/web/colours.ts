/** Colours come from the style sheet, so that they follow the light and dark schemes; canvases need them as values. */
const SLOTS = 4;

/** Which of the style sheet's version colours a version has: v1 and v2 always theirs, others by their number or name. */
export function versionSlot(version: string): number {
  const number = /^v(\d+)$/.exec(version)?.[1];
  if (number !== undefined) return ((Number(number) - 1 + SLOTS) % SLOTS) + 1;
  let hash = 0;
  for (const character of version) hash = (hash * 31 + character.codePointAt(0)!) >>> 0;
  return 3 + (hash % 2);
}

export interface Palette {
  version: (version: string) => string;
  error: string;
  grid: string;
}

/** The colours in force now. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  const versions = Array.from({ length: SLOTS }, (_, index) => value(`--version-${index + 1}`));
  return { version: (version) => versions[versionSlot(version) - 1]!, error: value("--error"), grid: value("--grid") };
}
