/**
 * The right name for a mistyped one.
 * @param shown the name that a candidate stands for, where candidates hold other words for it ("learning-rate" for "lr")
 * @returns " (did you mean NAME?)", to end a message with; "" where no candidate is near
 */
export function didYouMean(word: string, candidates: Iterable<string>, shown = (name: string) => name): string {
  const name = nearest(word, candidates);
  return name === undefined ? "" : ` (did you mean ${shown(name)}?)`;
}

/**
 * @returns the candidate at the least Damerau–Levenshtein distance, case and leading dashes aside: at most two fifths of the letters, and
 *   three, may differ. A word's first letters, three or more, count as one difference. The first among equals; undefined: none is near
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = letters(word);
  let best: { name: string; distance: number } | undefined;
  for (const name of candidates) {
    const own = letters(name);
    const begun = wanted.length >= 3 && own.startsWith(wanted) && own !== wanted;
    const distance = begun ? 1 : editDistance(wanted, own);
    const allowed = begun ? 1 : Math.min(3, Math.floor(0.4 * Math.max(wanted.length, own.length)));
    if (distance <= allowed && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

function letters(word: string): string {
  return word.replace(/^-+/, "").toLowerCase();
}

/** Insertions, deletions, substitutions and swaps of neighbours that lead from one word to the other, no letter changed twice. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, substituted);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
