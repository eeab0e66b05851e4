/** The phone on a disk that is full, breaks, lies or forgets: what each of them costs, and what never. */
import { describe, expect, it } from "vitest";
import { decode, type Value } from "../src/codec/msgpack.ts";
import { encodeRequest } from "../src/sync/wire.ts";
import { REQUEST_ELEMENTS_MAX, requestOf } from "./sim/builds.ts";
import { held } from "./sim/views.ts";
import type { Phone } from "./sim/phone.ts";
import { SimWorld } from "./sim/world.ts";

const begun = async (picks = 3) => {
  const world = new SimWorld();
  const phone = await world.enrolled();
  for (let i = 0; i < picks; i += 1) await world.pick(phone);
  return { world, phone };
};

describe("a torn tail", () => {
  it.each([2, 3])("never frees a place in the chain that nobody was told of, killed at %i", async (die) => {
    const { world, phone } = await begun();
    expect((await world.pick(phone, { die })).type).toBe("died");
    await world.must(phone, "open");
    await world.must(phone, "sync");
    const sent = world.server.log.length;
    phone.kill();
    while ((await held(phone.disk)).length === sent) phone.tear(1);
    await world.must(phone, "open");
    await world.pick(phone);
    await world.settle(phone);
    expect(world.server.log.length).toBe(sent + 1);
    expect(world.server.forks).toBe(0);
    expect(await world.missing()).toStrictEqual([]);
  });

  it("costs what the server does not have, and the worker's next op has a name of its own", async () => {
    const { world, phone } = await begun();
    await world.must(phone, "sync");
    const lost = await world.pick(phone);
    phone.tear(1);
    await world.must(phone, "open");
    await world.pick(phone);
    await world.settle(phone);
    expect(lost.type).toBe("ok");
    expect(await world.missing()).toHaveLength(1);
    expect([world.server.forks, world.server.chainFaults()]).toStrictEqual([0, []]);
  });
});

describe("the power", () => {
  it("takes nothing that was called recorded, whatever it takes", async () => {
    const { world, phone } = await begun();
    await world.must(phone, "sync");
    await world.pick(phone);
    expect(phone.losePower(100, 100)).toBe(0);
    expect(await world.missing(phone)).toStrictEqual([]);
    await world.must(phone, "open");
    await world.settle(phone);
    expect(world.server.forks).toBe(0);
  });

  it("may take what a sync brought, which then comes again", async () => {
    const { world, phone } = await begun();
    await world.must(phone, "sync");
    expect(phone.losePower(100)).toBeGreaterThan(0);
    await world.must(phone, "open");
    expect(await world.rowsOf(phone)).toStrictEqual([]);
    await world.settle(phone);
    expect(await world.rowsOf(phone)).toStrictEqual(world.logged().sort());
  });
});

describe("a full disk", () => {
  it.each([true, false])(
    "says of each op that it is not recorded, at the commit: %s",
    async (quotaAtCommit) => {
      const { world, phone } = await begun();
      for (let quota = 1; quota <= 6; quota += 1) {
        const outcome = await world.pick(phone, { quota, quotaAtCommit });
        if (outcome.type === "fault") expect(outcome.code).toBe("storage-full");
        const { storage } = (await world.must(phone, "state")) as { readonly storage: string };
        expect(storage).toBe(outcome.type === "fault" ? "full" : "ok");
      }
      expect(world.refused.size).toBeGreaterThan(0);
      await world.pick(phone);
      await world.settle(phone);
      expect([await world.missing(), await world.ghosts(phone)]).toStrictEqual([[], []]);
    },
  );

  it.each([true, false])(
    "lets what was recorded go up, at whichever put it shows; at the commit: %s",
    async (quotaAtCommit) => {
      for (let quota = 1; quota <= 12; quota += 1) {
        const { world, phone } = await begun();
        const outcome = await world.run(phone, "sync", { quota, quotaAtCommit });
        expect(outcome.type).toBe("ok");
        expect(await world.missing(), "not on the server").toStrictEqual([]);
        expect((await world.must(phone, "state")) as object).toMatchObject({ pendingCount: 0 });
        await world.settle(phone);
        expect(await world.rowsOf(phone)).toStrictEqual(world.logged().sort());
        expect(world.server.forks).toBe(0);
      }
    },
  );
});

describe("what is given up for space", () => {
  it("are pages of a pull, and never the outbox", async () => {
    const { world, phone } = await begun();
    world.server.pageRows = 1;
    // Dies when the second page was stored.
    for (let die = 1; world.server.requests.length < 3; die += 2) {
      if (!phone.pages.has(0)) await world.must(phone, "open");
      await world.run(phone, "sync", { die });
    }
    if (!phone.pages.has(0)) await world.must(phone, "open");
    const before = (await held(phone.disk)).length;
    const told = await world.pick(phone, { quota: 1, quotaOnce: true });
    expect(told.type).toBe("ok");
    expect((await held(phone.disk)).length).toBeGreaterThanOrEqual(before);
    expect(await world.missing(phone)).toStrictEqual([]);
    await world.settle(phone);
    expect(await world.missing()).toStrictEqual([]);
  });
});

describe("a pull that broke off", () => {
  it("goes on at its page after a reload", async () => {
    const { world, phone } = await begun();
    await world.must(phone, "sync");
    world.server.standing = Array.from({ length: 20 }, (_, i) => ["site:R1", "item", `i${i}`, [`i${i}`, []]]);
    world.server.pageRows = 2;
    for (let i = 0; i < 8; i += 1) await world.pick(phone);
    await world.must(phone, "sync");
    const asked = world.server.requests.length;
    for (let i = 0; i < 8; i += 1) await world.pick(phone);
    // Killed before the third request leaves: two pages are on the disk.
    let [die, outcome] = [1, await world.run(phone, "sync", { die: 1 })];
    while (outcome.type === "died" && world.server.requests.length < asked + 2) {
      await world.must(phone, "open");
      outcome = await world.run(phone, "sync", { die: (die += 2) });
    }
    await world.must(phone, "open");
    const before = world.server.requests.length;
    await world.must(phone, "sync");
    expect(world.server.requests[before]?.[6], "the page that the first request asks for").not.toBeNull();
    await world.settle(phone);
    expect(await world.rowsOf(phone)).toStrictEqual(world.logged().sort());
  });
});

describe("a database that the browser closes", () => {
  it("is opened again for the next op, and the next meeting", async () => {
    const { world, phone } = await begun();
    await world.must(phone, "disconnect");
    expect((await world.pick(phone)).type).toBe("ok");
    await world.must(phone, "disconnect");
    await world.settle(phone);
    expect(await world.missing()).toStrictEqual([]);
  });
});

describe("the builds of the simulated phone", () => {
  it("leave each other's work whole: a kind of the future goes up from a build that cannot read it", async () => {
    const { world, phone } = await begun();
    await world.must(phone, "open", { version: "new" });
    const ref = await world.must(phone, "record-raw", { kind: "teleport", body: ["TOM-5", "moon"] });
    await world.must(phone, "open", { version: "old" });
    const outbox = (await world.must(phone, "outbox")) as readonly { kind: string; body: unknown }[];
    expect(outbox[0]).toMatchObject({ kind: "teleport", body: null, ref });
    await world.pick(phone);
    await world.settle(phone);
    expect(world.server.log.map(({ op }) => op.kind).slice(-2)).toStrictEqual(["teleport", "pick"]);
    expect([world.server.forks, world.server.chainFaults()]).toStrictEqual([0, []]);
  });

  it("know how long a request may be today", () => {
    const request = {
      device: new Uint8Array(16),
      nowMs: null,
      run: null,
      session: new Uint8Array(0),
      cursor: -1,
      page: null,
      buckets: [],
      frames: [],
      relayed: [],
      pending: 1,
      snapshots: [],
    };
    const whole = decode(encodeRequest(request)) as readonly unknown[];
    expect(whole).toHaveLength(REQUEST_ELEMENTS_MAX);
    expect(decode(requestOf("old", encodeRequest(request)))).toStrictEqual(whole.slice(0, 10));
    const short = encodeRequest({ ...request, pending: 0, snapshots: null });
    expect((decode(requestOf("new", short)) as readonly unknown[]).length).toBe(REQUEST_ELEMENTS_MAX + 2);
  });
});

describe("what a pull brings", () => {
  const items = (count: number) =>
    Array.from({ length: count }, (_, i): [string, string, string, Value] => [
      "site:R1",
      "item",
      `i${i}`,
      [`i${i}`, []],
    ]);
  const shown = async (world: SimWorld, phone: Phone): Promise<string[]> => {
    const rows = (await world.must(phone, "rows", { table: "item" })) as { readonly item?: object };
    return Object.keys(rows.item ?? {}).sort();
  };

  it("takes away what is gone, here and after a start", async () => {
    const { world, phone } = await begun();
    world.server.standing = items(3);
    await world.must(phone, "sync");
    world.server.changes = [["site:R1", "item", "i1", null]];
    await world.must(phone, "sync");
    expect(await shown(world, phone)).toStrictEqual(["i0", "i2"]);
    await world.must(phone, "open");
    expect(await shown(world, phone)).toStrictEqual(["i0", "i2"]);
  });

  it("is claimed when all of it is applied, and no sooner", async () => {
    const { world, phone } = await begun();
    world.server.standing = items(3);
    world.server.pageRows = 1;
    for (let die = 1; world.server.requests.length < 3; die += 2) {
      if (!phone.pages.has(0)) await world.must(phone, "open");
      await world.run(phone, "sync", { die });
    }
    if (!phone.pages.has(0)) await world.must(phone, "open");
    await world.settle(phone);
    const claimed = world.server.requests.map((request) => [request[5], request[7]] as const);
    for (const [cursor, buckets] of claimed) if (cursor === -1) expect(buckets).toStrictEqual([]);
    expect(claimed.at(-1)?.[1]).toStrictEqual(expect.arrayContaining(["org", "site:R1"]));
  });
});

describe("a phone that the browser wiped", () => {
  const wipedOf = async (world: SimWorld, phone: Phone): Promise<unknown> => {
    phone.evict(["idb"]);
    await world.must(phone, "open");
    return ((await world.must(phone, "state")) as { readonly wiped: unknown }).wiped;
  };

  it("says that nothing is lost where everything was on the server", async () => {
    const { world, phone } = await begun();
    await world.must(phone, "sync");
    expect(await wipedOf(world, phone)).toMatchObject({ unsent: 0 });
  });

  it("says how many records are gone, and is silent once it is enrolled again", async () => {
    const { world, phone } = await begun();
    await world.must(phone, "sync");
    await world.pick(phone);
    await world.pick(phone);
    expect(await wipedOf(world, phone)).toMatchObject({ unsent: 2 });
    await world.must(phone, "enrol", { url: world.server.enrolmentCode("liu"), name: "PDA", pin: "2468" });
    expect(await world.must(phone, "state")).toMatchObject({ wiped: null });
    expect(world.server.forks).toBe(0);
  });

  it("admits that it does not know where it never met the server, or lost that memory too", async () => {
    const { world, phone } = await begun();
    expect(await wipedOf(world, phone)).toMatchObject({ unsent: null });
    phone.evict(["local"]);
    await world.must(phone, "open");
    expect(await world.must(phone, "state")).toMatchObject({ wiped: null });
  });
});
