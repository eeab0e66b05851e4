/**
 * Where the person is, in the hash: one cached page serves every screen, the phone's Back button works, and
 * no server has to know the paths.
 */
import { computed, signal } from "@preact/signals";

export type Route = { readonly path: readonly string[]; readonly query: URLSearchParams };

export const parseRoute = (hash: string): Route => {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "");
  return {
    path: parts.map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    }),
    query: new URLSearchParams(query),
  };
};

export const formatRoute = (path: readonly string[], query?: Readonly<Record<string, string>>): string => {
  const search = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
  return `#/${path.map(encodeURIComponent).join("/")}${search}`;
};

const hash = signal(typeof location === "undefined" ? "" : location.hash);

export const route = computed(() => parseRoute(hash.value));

export const startRouter = (): void => {
  addEventListener("hashchange", () => {
    hash.value = location.hash;
  });
};

export const go = (path: readonly string[], query?: Readonly<Record<string, string>>): void => {
  location.hash = formatRoute(path, query);
};

/** Take the place of the current screen: a finished form must not come back with Back. */
export const replace = (path: readonly string[], query?: Readonly<Record<string, string>>): void => {
  history.replaceState(null, "", formatRoute(path, query));
  hash.value = location.hash;
};

export const goBack = (): void => {
  if (history.length > 1) history.back();
  else replace([]);
};
