/** What survives an app: text stores, and databases that can be copied and rolled back. */
export class TextMap {
  readonly items = new Map<string, string>();
  readonly getItem = (name: string): string | null => this.items.get(name) ?? null;
  readonly setItem = (name: string, value: string): void => void this.items.set(name, value);
}

const opened = (name: string): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error!));
  });

const done = (tx: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    tx.addEventListener("complete", () => resolve());
    tx.addEventListener("abort", () => reject(tx.error!));
  });

/** All that a database holds: store → [key, value]. */
export type Dump = ReadonlyMap<string, readonly (readonly [IDBValidKey, unknown])[]>;

export const dump = async (name: string): Promise<Dump> => {
  const db = await opened(name);
  const stores = [...db.objectStoreNames];
  const tx = db.transaction(stores, "readonly");
  const whole = new Map<string, (readonly [IDBValidKey, unknown])[]>();
  for (const store of stores) {
    const entries: (readonly [IDBValidKey, unknown])[] = [];
    whole.set(store, entries);
    const [keys, values] = [tx.objectStore(store).getAllKeys(), tx.objectStore(store).getAll()];
    values.addEventListener("success", () => {
      values.result.forEach((value, i) => entries.push([keys.result[i]!, value]));
    });
  }
  await done(tx);
  db.close();
  return whole;
};

/** Makes a database what it was: a restored backup, a copied profile, or transactions lost with the power. */
export const restore = async (name: string, whole: Dump): Promise<void> => {
  const db = await opened(name);
  // What was put back is on the disk: the power takes none of it.
  const tx = db.transaction([...db.objectStoreNames], "readwrite", { durability: "strict" });
  for (const [store, entries] of whole) {
    const target = tx.objectStore(store);
    target.clear();
    for (const [key, value] of entries) {
      if (target.keyPath === null) target.put(value, key);
      else target.put(value);
    }
  }
  await done(tx);
  db.close();
};
