/**
 * Circles of files that import each other. Type-only imports count: they vanish at run time, but two files that need each other's types
 * cannot be read, moved or understood alone.
 * @param {Map<string, string[]>} imports each file with the files that it imports
 * @returns {string[][]} the shortest circle through every file that is on one, each circle once: [a, b] where a imports b and b imports a
 */
export function importCircles(imports) {
  const circles = new Map();
  for (const file of [...imports.keys()].sort()) {
    const circle = shortestCircle(file, imports);
    const members = circle && [...circle].sort().join();
    if (circle && !circles.has(members)) circles.set(members, circle);
  }
  return [...circles.values()];
}

/** @returns the shortest circle through a file, found breadth first */
function shortestCircle(start, imports) {
  const cameFrom = new Map();
  let border = [start];
  while (border.length > 0) {
    const next = [];
    for (const file of border) {
      for (const target of imports.get(file) ?? []) {
        if (target === start) return pathTo(file, cameFrom);
        if (!cameFrom.has(target)) {
          cameFrom.set(target, file);
          next.push(target);
        }
      }
    }
    border = next;
  }
  return undefined;
}

function pathTo(file, cameFrom) {
  const path = [];
  for (let at = file; at !== undefined; at = cameFrom.get(at)) path.unshift(at);
  return path;
}
