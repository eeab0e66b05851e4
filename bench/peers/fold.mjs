/** The fold of an app that keeps a list of movements and counts: in order of the phones' clocks, a count sets. */
export const folded = (entries) => {
  const balances = new Map();
  const inOrder = entries.some((entry) => entry[3]) ? entries.toSorted((a, b) => a[2] - b[2]) : entries;
  for (const [key, qty, , isCount] of inOrder)
    balances.set(key, isCount ? qty : (balances.get(key) ?? 0) + qty);
  return balances;
};
