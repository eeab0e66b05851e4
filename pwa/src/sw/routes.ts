/** Which requests the service worker answers, and from where. Everything else is the network's and the browser's. */

export type Answer =
  /** Not ours: the browser asks the network. */
  | "network"
  /** A precached file; fetched and kept when it is missing. */
  | "file"
  /** The app itself, whatever the path: its screens live in the hash. */
  | "shell";

export type Asked = {
  readonly method: string;
  readonly url: URL;
  readonly isNavigation: boolean;
};

/** The server's own pages and interfaces: they must never be answered by the app. */
const SERVER_ROOTS = new Set([
  "api",
  "demo",
  "trace",
  "t",
  "farm",
  "p",
  "errors",
  "docs",
  "schema",
  "health",
  "metrics",
  "log",
  "tile",
  "checkpoint",
  "witness",
  ".well-known",
]);

/** GS1 Digital Link: `/01/<gtin>/10/<lot>` and its like; an all-digit first part is an application identifier. */
const IDENTIFIER = /^\d{2,4}$/;

const isServers = (path: string): boolean => {
  const root = path.split("/", 2)[1] ?? "";
  return SERVER_ROOTS.has(root) || IDENTIFIER.test(root);
};

/** Another page of the build, such as the buyer's: it has its own files and no offline life. */
const isOtherPage = (path: string): boolean => /\.\w+$/.test(path) && path !== "/index.html";

export const answerOf = (
  { method, url, isNavigation }: Asked,
  origin: string,
  files: ReadonlySet<string>,
): Answer => {
  if (method !== "GET" || url.origin !== origin) return "network";
  if (isNavigation) return isServers(url.pathname) || isOtherPage(url.pathname) ? "network" : "shell";
  return files.has(url.pathname) ? "file" : "network";
};
