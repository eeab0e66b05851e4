/** What goes over the wire besides the messages: proofs, compression, and the words for what went wrong. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { World } from "./ledger-world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.close();
});

const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ type: `/errors/${code}`, detail: "in words" }), { status, headers });

interface Seen {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly method: string;
}

const watched = async (): Promise<{
  seen: Seen[];
  ledger: Awaited<ReturnType<World["phone"]>>["ledger"];
}> => {
  const seen: Seen[] = [];
  const { ledger } = await world.phone("liu", world.disk(), {
    fetch: (url, init) => {
      seen.push({ url, headers: init.headers as Record<string, string>, method: init.method! });
      return world.server.fetch(url, init);
    },
  });
  return { seen, ledger };
};

const payloadOf = (proof: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(proof.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;

describe("a request", () => {
  it("carries a proof by the device's key, for this method and URL, with the server's last nonce", async () => {
    const { seen, ledger } = await watched();
    await ledger.syncNow();
    world.server.before = () => problem(503, "busy", { "DPoP-Nonce": "n1" });
    await ledger.syncNow();
    world.server.before = () => undefined;
    await ledger.syncNow();
    const proof = seen.at(-1)!.headers["DPoP"]!;
    const [head, body, signature] = proof.split(".") as [string, string, string];
    const header = JSON.parse(Buffer.from(head, "base64url").toString()) as { typ: string; jwk: JsonWebKey };
    expect(header.typ).toBe("dpop+jwt");
    const key = await crypto.subtle.importKey(
      "jwk",
      header.jwk,
      { name: "ECDSA", namedCurve: "P-256" },
      false,
      ["verify"],
    );
    const isSigned = await crypto.subtle.verify(
      { name: "ECDSA", hash: "SHA-256" },
      key,
      Buffer.from(signature, "base64url"),
      Buffer.from(`${head}.${body}`),
    );
    expect(isSigned).toBe(true);
    expect(payloadOf(proof)).toMatchObject({
      htm: "POST",
      htu: "https://gobi.example/api/v1/sync",
      nonce: "n1",
    });
    const ids = seen.flatMap(({ headers }) => headers["DPoP"] ?? []).map((proof) => payloadOf(proof)["jti"]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("for rows is made again at once when only the nonce was old", async () => {
    const { seen, ledger } = await watched();
    world.server.pull = "use-dpop-nonce";
    world.server.after = () => {
      world.server.pull = "ok";
    };
    const before = seen.length;
    expect(await ledger.syncNow()).toStrictEqual({ type: "ok" });
    expect(seen.length - before).toBe(2);
  });

  it("to a JSON route carries the session, leaves the query out of its proof, and is made again for a nonce", async () => {
    const { seen, ledger } = await watched();
    let asked = 0;
    world.server.before = () =>
      (asked += 1) === 1
        ? problem(401, "use-dpop-nonce", { "DPoP-Nonce": "n2" })
        : Response.json({ rows: [1, 2] });
    expect(await ledger.ask("/api/v1/balances?as_of=1")).toStrictEqual({ ok: true, body: { rows: [1, 2] } });
    const { headers, method, url } = seen.at(-1)!;
    expect([method, url]).toStrictEqual(["GET", "https://gobi.example/api/v1/balances?as_of=1"]);
    expect(headers["Gobi-Session"]).toMatch(/^[0-9a-f]{32}$/);
    expect(payloadOf(headers["DPoP"]!)).toMatchObject({
      htu: "https://gobi.example/api/v1/balances",
      nonce: "n2",
    });
  });

  it("is packed when it is long", async () => {
    const { seen, ledger } = await watched();
    for (let i = 0; i < 100; i += 1) await world.pick(ledger);
    await ledger.syncNow();
    expect(seen.at(-1)!.headers["Content-Encoding"]).toBe("gzip");
    expect(world.server.bodies.at(-1)! / 100).toBeLessThan(24);
    await ledger.syncNow();
    expect(seen.at(-1)!.headers["Content-Encoding"]).toBeUndefined();
    expect(world.server.bodies.at(-1)).toBeLessThan(1024);
  });
});

describe("a line that is too slow for a request", () => {
  it("is asked to carry half as much each time, down to a frame, and more again when it got better", async () => {
    const { ledger } = await watched();
    for (let number = 0; number < 6; number += 1) {
      const { ledger: other } = await world.phone(`picker-${number}`);
      await world.pick(other);
      await ledger.importBundle((await other.exportOutbox()).bytes);
    }
    const carried: number[] = [];
    world.server.after = (path) => {
      if (!path.endsWith("sync")) return;
      carried.push((world.server.requests.at(-1)![9] as unknown[]).length);
      if (carried.length <= 4) throw new DOMException("60 s are over", "TimeoutError");
    };
    for (let meeting = 0; meeting < 4; meeting += 1)
      expect(await ledger.syncNow()).toStrictEqual({ type: "offline" });
    expect(carried).toStrictEqual([6, 2, 1, 1]);
    expect(await ledger.syncNow()).toStrictEqual({ type: "ok" });
    expect(carried[4]).toBe(1);
    expect(Math.max(...carried.slice(5))).toBeGreaterThan(1);
    expect(ledger.state.relayedCount.value).toBe(0);
  });

  it("which brought nothing says nothing of what the next may bring", async () => {
    const { ledger } = await watched();
    await ledger.syncNow();
    world.server.after = () => {
      throw new DOMException("60 s are over", "TimeoutError");
    };
    await ledger.syncNow();
    world.server.after = () => undefined;
    for (let number = 0; number < 3; number += 1) {
      const { ledger: other } = await world.phone(`picker-${number}`);
      await ledger.importBundle((await other.exportOutbox()).bytes);
    }
    const before = world.server.requests.length;
    await ledger.syncNow();
    expect(world.server.requests[before]![9]).toHaveLength(3);
  });

  it("is told from no network, of which nothing is learnt", async () => {
    const { ledger } = await watched();
    for (let number = 0; number < 3; number += 1) {
      const { ledger: other } = await world.phone(`picker-${number}`);
      await ledger.importBundle((await other.exportOutbox()).bytes);
    }
    world.server.after = () => {
      throw new TypeError("Failed to fetch");
    };
    await ledger.syncNow();
    await ledger.syncNow();
    expect(world.server.requests.at(-1)![9]).toHaveLength(3);
  });
});

describe("an answer", () => {
  it.each([
    [problem(503, "busy", { "Retry-After": "7" }), { type: "refused", status: 503, code: "busy" }],
    [problem(413, "request-too-large"), { type: "refused", status: 413, code: "request-too-large" }],
    [new Response("<html>", { status: 502 }), { type: "refused", status: 502, code: "http-502" }],
    [new Response("<html>log in to the hotel"), { type: "offline" }],
    [new Response(""), { type: "offline" }],
  ])("%# that brings no rows is told as what it is, and loses nothing", async (response, status) => {
    const { ledger } = await watched();
    const ref = await world.pick(ledger);
    world.server.before = () => response.clone();
    expect(await ledger.syncNow()).toStrictEqual(status);
    expect(ledger.state.pendingCount.value).toBe(2);
    world.server.before = () => undefined;
    await ledger.syncNow();
    expect(world.server.log.map(({ hash }) => hash)).toContain(ref.hash);
  });

  it("to a question may be that there is no network, no right, or no such phone", async () => {
    const { ledger } = await watched();
    world.server.before = () => problem(403, "no-right");
    expect(await ledger.ask("/api/v1/devices")).toStrictEqual({
      ok: false,
      type: "refused",
      status: 403,
      code: "no-right",
      detail: "in words",
    });
    ledger.setOffline(true);
    expect(await ledger.ask("/api/v1/devices")).toStrictEqual({ ok: false, type: "offline" });
    const fresh = await world.open(world.disk());
    expect(await fresh.ask("/api/v1/devices")).toStrictEqual({ ok: false, type: "not-enrolled" });
  });
});
