/**
 * @param rows cells, the headings first; all rows of one length
 * @param align one letter a column: l or r
 * @returns lines with columns two spaces apart
 */
export function formatTable(rows: readonly (readonly string[])[], align: string): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (align[column] === "r" ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd(),
  );
}
