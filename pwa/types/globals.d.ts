/** What the build writes into the service worker; see build/service-worker.ts. */

/** Every file that the app needs offline: its URL and the start of its SHA-256. */
declare const __PRECACHE__: readonly (readonly [url: string, hash: string])[];

/** Changes exactly when a precached file changes. */
declare const __BUILD__: string;
