/**
 * The files of one build, kept for offline use. A build's cache is complete or it is not used: installing fails
 * when one file of the shell is missing or altered, and the old build goes on. Heavy files that only some screens
 * need follow when the page is idle, one by one, and are tried again at every start.
 */

export type FileEntry = readonly [url: string, hash: string];

/** What the first paint needs. The barcode reader alone is ten times that. */
export const isHeavy = (url: string): boolean => /\.(wasm|png|bin)$/.test(url);

const PREFIX = "gobi-files-";

export const cacheName = (build: string): string => `${PREFIX}${build}`;

const HASH_HEADER = "x-gobi-hash";

const hashOf = async (body: ArrayBuffer): Promise<string> => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return [...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

const stored = (body: ArrayBuffer, hash: string, type: string | null): Response =>
  new Response(body, {
    headers: { "content-type": type ?? "application/octet-stream", [HASH_HEADER]: hash },
  });

/** A file whose bytes are those of the build. A login page of a hotel network answers 200 too: bytes decide. */
const fetchFile = async ([url, hash]: FileEntry): Promise<Response> => {
  const response = await fetch(url, { cache: "no-cache", credentials: "same-origin" });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const body = await response.arrayBuffer();
  if ((await hashOf(body)) !== hash) throw new Error(`${url}: not the bytes of this build`);
  return stored(body, hash, response.headers.get("content-type"));
};

/** The same bytes in the cache of an earlier build: an update downloads only what changed. */
const fromEarlierBuild = async ([url, hash]: FileEntry): Promise<Response | undefined> => {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX)) continue;
    const known = await (await caches.open(name)).match(url);
    if (known?.headers.get(HASH_HEADER) === hash) return known;
  }
  return undefined;
};

const keep = async (cache: Cache, entry: FileEntry): Promise<void> => {
  if ((await cache.match(entry[0])) !== undefined) return;
  await cache.put(entry[0], (await fromEarlierBuild(entry)) ?? (await fetchFile(entry)));
};

/** All of the shell or nothing. */
export const installShell = async (build: string, files: readonly FileEntry[]): Promise<void> => {
  const cache = await caches.open(cacheName(build));
  await Promise.all(files.filter(([url]) => !isHeavy(url)).map((entry) => keep(cache, entry)));
};

/** The rest, as far as the network carries. */
export const warm = async (build: string, files: readonly FileEntry[]): Promise<void> => {
  const cache = await caches.open(cacheName(build));
  for (const entry of files.filter(([url]) => isHeavy(url))) {
    await keep(cache, entry).catch(() => undefined); // Offline again: the next start goes on.
  }
};

/** Forget other builds. Runs on activation only: until then the old build still serves its pages. */
export const dropOtherBuilds = async (build: string): Promise<void> => {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== cacheName(build));
  await Promise.all(others.map((name) => caches.delete(name)));
};

/** A file of this build: from its cache, else from the network, and kept. */
export const answerFile = async (
  build: string,
  request: Request,
  path: string,
  hash: string | undefined,
): Promise<Response> => {
  const cache = await caches.open(cacheName(build));
  const known = await cache.match(path);
  if (known !== undefined) return known;
  if (hash === undefined) return fetch(request);
  try {
    const fresh = await fetchFile([path, hash]);
    await cache.put(path, fresh.clone());
    return fresh;
  } catch {
    return fetch(request);
  }
};
