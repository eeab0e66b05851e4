/** A browser that has no space left. */
import { vi } from "vitest";

/** Browsers find out late: the request is taken, and then its transaction is aborted. */
const abortForSpace = (store: IDBObjectStore): void => {
  const tx = store.transaction as IDBTransaction & { _state: string; _abort: (name: string) => void };
  queueMicrotask(() => {
    if (tx._state !== "finished") tx._abort("QuotaExceededError");
  });
};

/** From now on the browser has no space for what `isFull` says; returns what ends it. */
export const fill = (isFull: (store: string) => boolean = () => true): (() => void) => {
  // oxlint-disable-next-line typescript/unbound-method -- they are called on the store of each call
  const { put, add } = IDBObjectStore.prototype;
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...args) {
    const request = put.apply(this, args);
    if (isFull(this.name)) abortForSpace(this);
    return request;
  });
  vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(function (this: IDBObjectStore, ...args) {
    const request = add.apply(this, args);
    if (isFull(this.name)) abortForSpace(this);
    return request;
  });
  return () => void vi.restoreAllMocks();
};
