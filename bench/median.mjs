/** @returns the middle value; the upper of the two where their number is even */
export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
