/** What must not be interrupted: an open camera, a signature, a recording. Updates wait until it is empty. */
import { computed, signal } from "@preact/signals";

export type Business = "scan" | "relay" | "sign" | "voice" | "count" | "form";

const open = signal<ReadonlyMap<symbol, Business>>(new Map());

export const businesses = computed(() => [...new Set(open.value.values())]);

/** Keep updates away until the returned function is called; calling it twice is harmless. */
export const keepBusy = (business: Business): (() => void) => {
  const token = Symbol(business);
  open.value = new Map(open.value).set(token, business);
  return () => {
    const rest = new Map(open.value);
    if (rest.delete(token)) open.value = rest;
  };
};
