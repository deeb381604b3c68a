/** A result as psql prints it. */
export interface ResultRows {
  columns: { name: string; rightAligned: boolean }[];
  /** Values in PostgreSQL's own text; null for NULL. */
  rows: (string | null)[][];
}

/** OIDs of the types psql aligns to the right: numbers, oid, money, xid, cid. */
const NUMERIC_TYPES = [20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069];

export function isRightAligned(typeOid: number): boolean {
  return NUMERIC_TYPES.includes(typeOid);
}

export function formatRows(result: ResultRows, options: { tuplesOnly: boolean; unaligned: boolean }): string {
  const names = result.columns.map((column) => column.name);
  const rows = result.rows.map((row) => row.map((value) => value ?? ""));
  const count = `(${rows.length} row${rows.length === 1 ? "" : "s"})`;
  if (options.unaligned) {
    const lines = rows.map((row) => row.join("|"));
    if (!options.tuplesOnly) lines.unshift(names.join("|"));
    if (!options.tuplesOnly) lines.push(count);
    return lines.map((line) => `${line}\n`).join("");
  }
  const widths = names.map((name, i) => Math.max(options.tuplesOnly ? 0 : name.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]): string => ` ${cells.join(" | ")}`.trimEnd();
  const body = rows.map((row) => line(row.map((cell, i) => (result.columns[i]!.rightAligned ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))));
  if (options.tuplesOnly) return [...body, ""].map((text) => `${text}\n`).join("");
  const centred = names.map((name, i) => name.padStart(name.length + Math.floor((widths[i]! - name.length) / 2)).padEnd(widths[i]!));
  return [` ${centred.join(" | ")} `, widths.map((width) => "-".repeat(width + 2)).join("+"), ...body, count, ""].map((text) => `${text}\n`).join("");
}
