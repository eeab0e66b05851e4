/** A full disk, a lost connection, a newer app: what the store does when the browser will not have it. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readHead, writeHead } from "../src/storage/second-head.ts";
import { DATABASE, openDatabase } from "../src/storage/database.ts";
import { flushFromWorker } from "../src/sync/flush.ts";
import { fill } from "./full-disk.ts";
import { dump, TextMap, World } from "./ledger-world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.close();
  vi.restoreAllMocks();
});

/** Full for the first entry of a store, and no longer. */
const fillOnce = (store: string): void => {
  let entries = 0;
  fill((name) => name === store && (entries += 1) === 1);
};

describe("a full disk", () => {
  it("takes no op, says so, and goes on when there is space again", async () => {
    const { ledger } = await world.phone();
    const first = await world.pick(ledger);
    const free = fill();
    await expect(world.pick(ledger)).rejects.toMatchObject({ type: "storage-full" });
    expect(ledger.state.storage.value).toBe("full");
    expect(ledger.outbox().value[0]?.ref).toStrictEqual(first);
    free();
    expect((await world.pick(ledger)).seq).toBe(first.seq + 1);
    expect(ledger.state.storage.value).toBe("ok");
    await ledger.syncNow();
    expect(world.server.chainFaults()).toStrictEqual([]);
  });

  it("still lets everything go up", async () => {
    const { ledger, disk } = await world.phone();
    const ref = await world.pick(ledger);
    world.server.standing = [["org", "place", "R1", ["R1", []]]];
    const free = fill();
    expect(await ledger.syncNow()).toStrictEqual({ type: "no-rows", code: "storage-full" });
    expect(world.server.log.map(({ hash }) => hash)).toContain(ref.hash);
    expect(ledger.state.pendingCount.value).toBe(0);
    expect(ledger.rows("place").value).toHaveLength(0);
    free();
    await ledger.syncNow();
    expect(ledger.rows("place").value).toHaveLength(1);
    const again = await world.open(disk);
    await again.syncNow();
    expect(again.rows("place").value).toHaveLength(1);
    expect(world.server.forks).toBe(0);
  });

  it("gives up copies of what a confirmed backup holds before it refuses work", async () => {
    const { ledger, disk } = await world.phone();
    const ref = await world.pick(ledger);
    await ledger.attach(ref, new Uint8Array(1000), "image/jpeg");
    await ledger.syncNow();
    await world.pick(ledger);
    world.server.isBackedUp = true;
    await ledger.syncNow();
    await ledger.attach(ref, new Uint8Array(2000), "image/jpeg");
    fillOnce("ops");
    await world.pick(ledger);
    const kept = (await dump(disk.name)).get("evidence")!;
    expect(kept).toHaveLength(1);
    expect((await ledger.wipeSafe()).evidence).toBe(1);
  });

  it.each([false, true])(
    "keeps a photo of which no confirmed backup is known to hold the bytes, whatever the space (op is backed up: %s)",
    async (isBackedUp) => {
      const { ledger, disk } = await world.phone();
      const ref = await world.pick(ledger);
      await ledger.attach(ref, new Uint8Array(1000), "image/jpeg");
      await ledger.syncNow();
      world.server.isBackedUp = isBackedUp;
      await ledger.syncNow();
      fillOnce("ops");
      await world.pick(ledger).catch(() => undefined);
      expect((await dump(disk.name)).get("evidence")).toHaveLength(1);
    },
  );

  it("in the middle of a pull says so, keeps what came, and goes on there when there is space again", async () => {
    const { ledger: writer } = await world.phone("zhang");
    for (let i = 0; i < 25; i += 1) await world.pick(writer);
    await writer.syncNow();
    const { ledger, disk } = await world.phone();
    world.server.pageRows = 10;
    let [trips, pages] = [0, 0];
    world.server.after = (path) => void (trips += path.endsWith("sync") ? 1 : 0);
    const free = fill((store) => store === "rows" || (store === "pages" && (pages += 1) > 1));
    expect(await ledger.syncNow()).toStrictEqual({ type: "no-rows", code: "storage-full" });
    expect(ledger.state.storage.value).toBe("full");
    for (let poke = 0; poke < 3; poke += 1) {
      trips = 0;
      expect(await ledger.syncNow()).toStrictEqual({ type: "no-rows", code: "storage-full" });
      expect(trips).toBe(1);
    }
    expect((await dump(disk.name)).get("pages")).toHaveLength(1);
    expect(ledger.untyped("op").value).toHaveLength(0);
    free();
    await ledger.syncNow();
    expect(ledger.untyped("op").value).toHaveLength(27);
    expect(ledger.state.storage.value).toBe("ok");
  });

  it("gives up copies of evidence that a backup holds for what a pull brings", async () => {
    const { ledger, disk } = await world.phone();
    const ref = await world.pick(ledger);
    await ledger.attach(ref, new Uint8Array(1000), "image/jpeg");
    await ledger.syncNow();
    await world.pick(ledger);
    world.server.isBackedUp = true;
    await ledger.syncNow();
    world.server.standing = [];
    world.server.changes = [["org", "place", "R1", ["R1", []]]];
    fillOnce("rows");
    expect(await ledger.syncNow()).toStrictEqual({ type: "ok" });
    expect((await dump(disk.name)).get("evidence")).toHaveLength(0);
    expect(ledger.rows("place").value).toHaveLength(1);
  });
});

describe("the database", () => {
  it("that the browser closed is opened again", async () => {
    const { ledger, disk } = await world.phone();
    const db = await openDatabase(disk.name, () => undefined);
    db.close();
    expect((await world.pick(ledger)).seq).toBe(2);
    expect(DATABASE).toBe("gobi");
  });

  it("adds ops and never replaces one", async () => {
    const { disk } = await world.phone();
    const db = await openDatabase(disk.name, () => undefined);
    const [op] = await db.getAll("ops");
    await expect(db.add("ops", op!)).rejects.toThrow();
    await expect(db.add("ops", { ...op!, n: 99 })).rejects.toThrow();
    db.close();
  });
});

describe("rows at rest", () => {
  it("that cannot be read are pulled anew, and the phone opens all the same", async () => {
    const { ledger, disk } = await world.phone();
    world.server.standing = [["org", "place", "R1", ["R1", []]]];
    await ledger.syncNow();
    const db = await openDatabase(disk.name, () => undefined);
    for (const chunk of await db.getAll("rows"))
      await db.put("rows", { ...chunk, data: Uint8Array.of(0xc1) });
    db.close();
    const again = await world.open(disk);
    expect(again.rows("place").value).toHaveLength(0);
    expect(again.state.person.value?.id).toBe("liu");
    await again.syncNow();
    expect(again.rows("place").value).toHaveLength(1);
  });

  it("change in the chunks that a change touches, and are what is in memory", async () => {
    const { ledger, disk } = await world.phone();
    world.server.standing = Array.from({ length: 500 }, (_, i) => ["org", "place", `P${i}`, [`P${i}`, []]]);
    await ledger.syncNow();
    await world.pick(ledger);
    await ledger.syncNow();
    const again = await world.open(disk);
    expect(again.rows("place").value).toHaveLength(500);
    expect(new Set(again.untyped("op").value.map(({ key }) => key))).toStrictEqual(
      new Set(ledger.untyped("op").value.map(({ key }) => key)),
    );
  });
});

describe("the service worker", () => {
  it("brings up the outbox where no page is open, but not while the demo's switch is off", async () => {
    const { ledger, disk } = await world.phone();
    const ref = await world.pick(ledger);
    const ports = {
      databaseName: disk.name,
      fetch: world.server.fetch,
      local: undefined,
      session: undefined,
    };
    ledger.setOffline(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(flushFromWorker(ports)).rejects.toThrow("not flushed: offline");
    ledger.setOffline(false);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await flushFromWorker(ports);
    expect(world.server.log.map(({ hash }) => hash)).toContain(ref.hash);
    await ledger.syncNow();
    expect(ledger.state.pendingCount.value).toBe(0);
    expect(world.server.chainFaults()).toStrictEqual([]);
  });
});

describe("the second head", () => {
  const head = { device: "ab", epoch: 2 ** 53 - 1, seq: 7 };

  it("is read as it was written", () => {
    const store = new TextMap();
    writeHead(store, head);
    expect(readHead(store)).toStrictEqual(head);
  });

  it.each([undefined, "", "{}", '["ab",1]', "[1,2,3]", "<html>"])("is none when it says %s", (text) => {
    const store = new TextMap();
    if (text !== undefined) store.setItem("gobi.head", text);
    expect(readHead(store)).toBeNull();
    expect(readHead(undefined)).toBeNull();
  });
});
