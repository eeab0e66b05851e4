/** The order of text by code points, as Python orders it; `<` orders by UTF-16 units, which differs beyond U+FFFF. */

/** Negative, zero or positive as `a` comes before, with or after `b`. */
export const compareText = (a: string, b: string): number => {
  const left = [...a];
  const right = [...b];
  const at = left.findIndex((point, i) => point !== right[i]);
  if (at === -1) return left.length - right.length;
  const other = right[at];
  return other === undefined ? 1 : (left[at]?.codePointAt(0) ?? 0) - (other.codePointAt(0) ?? 0);
};
