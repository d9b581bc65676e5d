/** Names that a user may have meant by one that does not exist. */

/**
 * @param count most names
 * @returns those of the names that begin as the text does or differ from it in few characters, the nearest first
 */
export function nearest(text: string, names: readonly string[], count = 3): string[] {
  const wanted = text.toLowerCase();
  const most = Math.max(1, Math.floor(text.length / 3));
  return [...new Set(names)]
    .map((name) => ({ name, distance: name.toLowerCase().startsWith(wanted) ? 0 : editDistance(wanted, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ name }) => name);
}

/** @returns the fewest characters to insert, remove, replace or swap with their neighbour that make `b` of `a` */
function editDistance(a: string, b: string): number {
  let [before, row] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2] + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same, swapped));
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
