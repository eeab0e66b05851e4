/** Small choices of one phone, such as its language. Losing them loses no work; nothing else belongs here. */

const store = (): Storage | undefined => {
  try {
    return typeof localStorage === "undefined" ? undefined : localStorage;
  } catch {
    return undefined; // Some in-app browsers throw at the mere mention.
  }
};

export const read = (name: string): string | null => store()?.getItem(name) ?? null;

export const write = (name: string, value: string): void => {
  try {
    store()?.setItem(name, value);
  } catch {
    // A full or forbidden store: the choice lives until the page closes.
  }
};
