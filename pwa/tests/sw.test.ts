import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { gateAnswer } from "../src/app/update-gate.ts";
import { answerFile, cacheName, dropOtherBuilds, installShell, isHeavy, warm } from "../src/sw/precache.ts";
import { isKilled } from "../src/sw/protocol.ts";
import { answerOf } from "../src/sw/routes.ts";

const ORIGIN = "https://gobi.example";

/** The Cache API as far as the service worker uses it. */
class FakeCache {
  readonly entries = new Map<string, Response>();
  readonly #key = (request: RequestInfo | URL): string =>
    new URL(request instanceof Request ? request.url : String(request), ORIGIN).pathname;
  readonly match = async (request: RequestInfo | URL): Promise<Response | undefined> =>
    this.entries.get(this.#key(request))?.clone();
  readonly put = async (request: RequestInfo | URL, response: Response): Promise<void> => {
    this.entries.set(this.#key(request), response);
  };
}
class FakeCaches {
  readonly all = new Map<string, FakeCache>();
  readonly open = async (name: string): Promise<FakeCache> => {
    const cache = this.all.get(name) ?? new FakeCache();
    this.all.set(name, cache);
    return cache;
  };
  readonly keys = async (): Promise<string[]> => [...this.all.keys()];
  readonly delete = async (name: string): Promise<boolean> => this.all.delete(name);
}

const hashOf = async (text: string): Promise<string> => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

let store: FakeCaches;
let site: Map<string, string>;
let asked: string[];
beforeEach(() => {
  store = new FakeCaches();
  asked = [];
  site = new Map([
    ["/", "<html>"],
    ["/assets/app-1.js", "app"],
    ["/assets/reader-1.wasm", "wasm"],
  ]);
  vi.stubGlobal("caches", store);
  vi.stubGlobal("fetch", async (request: RequestInfo | URL) => {
    const path = new URL(request instanceof Request ? request.url : String(request), ORIGIN).pathname;
    asked.push(path);
    const body = site.get(path);
    if (body === undefined) throw new TypeError("Failed to fetch");
    return new Response(body, { headers: { "content-type": "text/plain" } });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const manifest = async (): Promise<[string, string][]> =>
  Promise.all([...site].map(async ([url, body]): Promise<[string, string]> => [url, await hashOf(body)]));

describe("the service worker", () => {
  it("answers from its build without a network, from the second start on", async () => {
    const files = await manifest();
    await installShell("b1", files);
    await warm("b1", files);
    site.clear();
    for (const [path, hash] of files) {
      const answer = await answerFile("b1", new Request(ORIGIN + path), path, hash);
      expect(answer.status).toBe(200);
    }
  });

  it("installs all of the shell or nothing, and not what a captive portal says in its stead", async () => {
    const files = await manifest();
    site.set("/assets/app-1.js", "<html>please log in");
    await expect(installShell("b1", files)).rejects.toThrow("not the bytes of this build");
    site.delete("/assets/app-1.js");
    await expect(installShell("b1", files)).rejects.toThrow();
  });

  it("leaves heavy files for later, and fetches only what changed in an update", async () => {
    const files = await manifest();
    await installShell("b1", files);
    expect(asked).not.toContain("/assets/reader-1.wasm");
    expect(isHeavy("/assets/reader-1.wasm")).toBe(true);
    await warm("b1", files);
    asked = [];
    site.set("/", "<html>2");
    const next = await manifest();
    await installShell("b2", next);
    await warm("b2", next);
    expect(asked).toStrictEqual(["/"]);
    await dropOtherBuilds("b2");
    expect([...store.all.keys()]).toStrictEqual([cacheName("b2")]);
  });

  const files = new Set(["/", "/assets/app-1.js"]);
  it.each([
    ["/", true, "shell"],
    ["/anything/deep", true, "shell"],
    ["/assets/app-1.js", false, "file"],
    ["/assets/other.js", false, "network"],
    ["/api/v1/sync", false, "network"],
    ["/api/v1/sync/events", true, "network"],
    ["/demo", true, "network"],
    ["/demo/api/ledger", false, "network"],
    ["/log/checkpoint", false, "network"],
    ["/t/ABC", true, "network"],
    ["/01/09520100101014/10/1123", true, "network"],
    ["/schema", true, "network"],
    ["/sw-kill.json", false, "network"],
    ["/demo.html", true, "network"],
  ])("of %s (a navigation: %s) says: %s", (path, isNavigation, answer) => {
    const url = new URL(path, ORIGIN);
    expect(answerOf({ method: "GET", url, isNavigation }, ORIGIN, files)).toBe(answer);
  });

  it("has nothing to do with other methods and other servers", () => {
    const url = new URL("/", ORIGIN);
    expect(answerOf({ method: "POST", url, isNavigation: true }, ORIGIN, files)).toBe("network");
    expect(answerOf({ method: "GET", url, isNavigation: true }, "https://other.example", files)).toBe(
      "network",
    );
  });

  it("goes when the server withdraws its build, and for no other word", () => {
    expect(isKilled({ builds: ["b1"] }, "b1")).toBe(true);
    expect(isKilled({ builds: ["*"] }, "b1")).toBe(true);
    for (const answer of [{ builds: ["b2"] }, {}, null, "b1", [], { builds: "b1" }])
      expect(isKilled(answer, "b1")).toBe(false);
  });
});

describe("a new version", () => {
  const facts = {
    coldStart: false,
    businesses: [],
    pending: 0,
    opVersionChanges: false,
    wanted: true,
  } as const;
  it.each([
    ["is let in when it is wanted and nothing is open", facts, "activate"],
    ["waits until it is wanted", { ...facts, wanted: false }, "wait"],
    ["waits for a signature", { ...facts, businesses: ["sign"] as const }, "wait"],
    [
      "waits for the outbox when it writes other ops",
      { ...facts, opVersionChanges: true, pending: 1 },
      "wait",
    ],
    ["does not wait for the outbox otherwise", { ...facts, pending: 9 }, "activate"],
    ["is let in at a cold start", { ...facts, coldStart: true, wanted: false, pending: 9 }, "activate"],
  ] as const)("%s", (_name, given, answer) => {
    expect(gateAnswer(given)).toBe(answer);
  });
});
