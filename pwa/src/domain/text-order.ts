/** The order of text by code points, as Python orders it; `<` orders by UTF-16 units, which differs beyond U+FFFF. */

/** Negative, zero or positive as `a` comes before, with or after `b`. */
export const compareText = (a: string, b: string): number => {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
};

/** Halves of surrogate pairs stand for code points beyond all others. */
const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
