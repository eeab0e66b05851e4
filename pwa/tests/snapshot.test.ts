/** Snapshots on the phone: whatever happens to a download, what is shown are the rows that stand, or some of them. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Value } from "../src/codec/msgpack.ts";
import type { StoredEpoch } from "../src/storage/database.ts";
import type { Pull } from "../src/sync/memory.ts";
import type { Ledger } from "../src/sync/ledger.ts";
import { type Disk, dump, restore, World } from "./ledger-world.ts";
import { SnapshotServer, type TestRow } from "./snapshot-server.ts";

const BUCKETS = ["desk", "org", "site:R1"] as const;
const TABLES = ["record.a", "record.b"] as const;

class Phone {
  readonly world = new World();
  readonly server = new SnapshotServer(this.world.server, BUCKETS);
  ledger!: Ledger;
  disk!: Disk;

  async begin(): Promise<void> {
    const fetch = this.server.fetch;
    this.server.commit([{ bucket: "org", table: "record.a", key: "org/first", value: [0] }]);
    ({ ledger: this.ledger, disk: this.disk } = await this.world.phone("liu", this.world.disk(), { fetch }));
  }

  async reload(): Promise<void> {
    this.ledger = await this.world.open(this.disk, { fetch: this.server.fetch });
  }

  shown(): string[] {
    const rows = TABLES.flatMap((table) =>
      this.ledger.untyped(table).value.map((row) => ({ table, ...row })),
    );
    return rows.map(({ table, key, value }) => JSON.stringify([table, key, value])).sort();
  }

  standing(buckets: readonly string[] = this.server.granted): string[] {
    const rows = buckets.flatMap((bucket) => this.server.live(bucket));
    return rows.map(({ table, key, value }) => JSON.stringify([table, key, value])).sort();
  }

  async settle(): Promise<void> {
    this.server.blobsLeft = Infinity;
    this.server.damages = 0;
    for (let i = 0; i < 4; i += 1) await this.ledger.syncNow();
  }
}

const rowsOf = (bucket: string, count: number, value: Value = [1]): TestRow[] =>
  Array.from({ length: count }, (_, i) => ({
    bucket,
    table: TABLES[i % 2]!,
    key: `${bucket}/${String(i).padStart(4, "0")}`,
    value,
  }));

let phone: Phone;
beforeEach(() => {
  phone = new Phone();
});
afterEach(() => {
  phone.world.close();
  vi.restoreAllMocks();
});

/** A site of many rows with a snapshot, and a catalogue of few. */
const large = async (): Promise<void> => {
  await phone.begin();
  phone.server.commit(rowsOf("org", 4));
  phone.server.commit(rowsOf("site:R1", 60));
  for (const bucket of BUCKETS) phone.server.make(bucket);
};

describe("a large bucket", () => {
  it("comes as a snapshot, and what changed since as rows", async () => {
    await large();
    phone.server.commit([
      { bucket: "site:R1", table: "record.a", key: "site:R1/0000", value: [2] },
      { bucket: "site:R1", table: "record.b", key: "site:R1/0001", value: null },
      { bucket: "site:R1", table: "record.b", key: "site:R1/new", value: [3] },
    ]);
    expect(await phone.ledger.syncNow()).toStrictEqual({ type: "ok" });
    expect(phone.shown()).toStrictEqual(phone.standing());
    expect(phone.ledger.state.loaded.value).toBeNull();
    await phone.reload();
    expect(phone.shown()).toStrictEqual(phone.standing());
    expect((await dump(phone.disk.name)).get("snapshotChunks")!.length).toBeLessThan(30);
  });

  it("goes on where it broke off, fetches no chunk twice, and shows the catalogue meanwhile", async () => {
    await large();
    phone.server.blobsLeft = 12;
    expect(await phone.ledger.syncNow()).toStrictEqual({ type: "offline" });
    expect(phone.shown()).toStrictEqual(phone.standing(["org"]));
    const share = phone.ledger.state.loaded.value;
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
    await phone.reload();
    expect(phone.ledger.state.loaded.value).toBe(share);
    phone.server.blobsLeft = Infinity;
    await phone.ledger.syncNow();
    expect(phone.shown()).toStrictEqual(phone.standing());
    expect(phone.server.asked).toHaveLength(new Set(phone.server.asked).size);
  });

  it("whose bytes were altered on the way is fetched again, and never shown", async () => {
    await large();
    phone.server.damages = 1;
    expect(await phone.ledger.syncNow()).toStrictEqual({ type: "ok" });
    expect(phone.shown()).toStrictEqual(phone.standing());
  });

  it("that stays wrong is an error with a name, and what is recorded goes up all the same", async () => {
    await large();
    phone.server.damages = 1000;
    const ref = await phone.world.pick(phone.ledger);
    expect(await phone.ledger.syncNow()).toMatchObject({ type: "refused", code: "wrong-blob" });
    expect(phone.world.server.log.map(({ hash }) => hash)).toContain(ref.hash);
  });

  it("does not hold up what is recorded while it is fetched", async () => {
    await large();
    const fetch = phone.server.fetch;
    let recorded = false;
    const { ledger } = await phone.world.phone("zhang", phone.world.disk(), {
      fetch: async (url, init) => {
        if (url.includes("/snapshots/") && !recorded) {
          recorded = true;
          await phone.world.pick(ledger);
        }
        return fetch(url, init);
      },
    });
    let [blobsBefore, isUp] = [0, false];
    phone.world.server.after = () => {
      if (!isUp && phone.world.server.log.some(({ op }) => op.kind === "pick"))
        [blobsBefore, isUp] = [phone.server.asked.length, true];
    };
    await ledger.syncNow();
    expect(isUp).toBe(true);
    expect(blobsBefore).toBeLessThan(phone.server.asked.length);
  });

  it("for which there is no space is told, and ops are taken all the same", async () => {
    await large();
    // oxlint-disable-next-line typescript/unbound-method -- it is called on the store of each call
    const { put } = IDBObjectStore.prototype;
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...args) {
      const request = put.apply(this, args);
      const tx = this.transaction as IDBTransaction & { _state: string; _abort: (name: string) => void };
      if (this.name === "snapshotChunks")
        queueMicrotask(() => {
          if (tx._state !== "finished") tx._abort("QuotaExceededError");
        });
      return request;
    });
    expect(await phone.ledger.syncNow()).toStrictEqual({ type: "no-rows", code: "storage-full" });
    const ref = await phone.world.pick(phone.ledger);
    await phone.ledger.syncNow();
    expect(phone.world.server.log.map(({ hash }) => hash)).toContain(ref.hash);
    vi.restoreAllMocks();
    await phone.settle();
    expect(phone.shown()).toStrictEqual(phone.standing());
  });

  it("of which a chunk is left that nothing stands on gives its space to an op", async () => {
    await large();
    await phone.ledger.syncNow();
    const whole = new Map(await dump(phone.disk.name));
    const chunks = whole.get("snapshotChunks")!;
    const left = ["00", { ...(chunks[0]![1] as object), name: "00" }] as const;
    await restore(phone.disk.name, whole.set("snapshotChunks", [...chunks, left]));
    await phone.reload();
    // oxlint-disable-next-line typescript/unbound-method -- it is called on the store of each call
    const { add } = IDBObjectStore.prototype;
    let isFull = true;
    vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(function (this: IDBObjectStore, ...args) {
      const request = add.apply(this, args);
      const tx = this.transaction as IDBTransaction & { _state: string; _abort: (name: string) => void };
      if (this.name === "ops" && isFull) {
        isFull = false;
        queueMicrotask(() => {
          tx._abort("QuotaExceededError");
        });
      }
      return request;
    });
    await phone.world.pick(phone.ledger);
    expect(isFull).toBe(false);
    expect((await dump(phone.disk.name)).get("snapshotChunks")!.map(([key]) => key)).not.toContain("00");
  });

  it("that comes anew leaves all that is shown the cut that it is, until its snapshot is whole", async () => {
    await large();
    await phone.world.pick(phone.ledger);
    await phone.ledger.syncNow();
    await phone.world.pick(phone.ledger);
    phone.server.forgets.add("site:R1");
    phone.server.commit([...rowsOf("org", 4, [5]), ...rowsOf("site:R1", 30, [5])]);
    phone.server.make("site:R1");
    const state = async () => {
      const whole = new Map(await dump(phone.disk.name));
      const { cursor, seen, buckets } = new Map(whole.get("meta")).get("pull") as Pull;
      const settled = whole.get("epochs")!.map(([, epoch]) => (epoch as StoredEpoch).settled);
      return { cursor, seen, buckets, settled };
    };
    const [shown, before] = [phone.shown(), await state()];
    phone.server.blobsLeft = 3;
    expect(await phone.ledger.syncNow()).toStrictEqual({ type: "offline" });
    expect(await phone.ledger.syncNow()).toStrictEqual({ type: "offline" });
    expect(phone.shown()).toStrictEqual(shown);
    expect(await state()).toStrictEqual(before);
    await phone.reload();
    await phone.settle();
    expect(phone.shown()).toStrictEqual(phone.standing());
    const after = await state();
    expect(after.cursor).toBe(phone.server.size - 1);
    expect(after.settled).not.toStrictEqual(before.settled);
  });

  it("that is taken away leaves nothing on the phone", async () => {
    await large();
    await phone.ledger.syncNow();
    phone.server.granted = ["org"];
    await phone.ledger.syncNow();
    await phone.ledger.syncNow();
    expect(phone.shown()).toStrictEqual(phone.standing(["org"]));
    const whole = await dump(phone.disk.name);
    expect(JSON.stringify([...whole.get("bases")!, ...whole.get("staged")!])).not.toContain("site:R1");
    expect(whole.get("snapshotChunks")!.length).toBeLessThan(5);
  });

  it("that is no longer to be fetched leaves no chunk behind", async () => {
    await large();
    phone.server.blobsLeft = 12;
    await phone.ledger.syncNow();
    expect((await dump(phone.disk.name)).get("snapshotChunks")!.length).toBeGreaterThan(5);
    phone.server.granted = ["org"];
    await phone.settle();
    expect((await dump(phone.disk.name)).get("snapshotChunks")!.length).toBeLessThan(5);
    expect(phone.shown()).toStrictEqual(phone.standing(["org"]));
  });

  it("of which much changed is written anew, chunk by chunk", async () => {
    await phone.begin();
    phone.server.chunkRows = 700;
    phone.server.commit(rowsOf("site:R1", 9_000));
    phone.server.make("site:R1");
    await phone.ledger.syncNow();
    phone.server.commit(rowsOf("site:R1", 5_000, [2]));
    phone.server.commit(rowsOf("site:R1", 400, null));
    await phone.ledger.syncNow();
    expect(phone.shown()).toStrictEqual(phone.standing());
    await phone.reload();
    expect(phone.shown()).toStrictEqual(phone.standing());
    const whole = await dump(phone.disk.name);
    expect(whole.get("rows")!.filter(([key]) => (key as string[])[0] === "site:R1")).toStrictEqual([]);
  }, 60_000);
});

describe("a chunk that the disk spoiled", () => {
  it("is fetched again when a row of it was asked for", async () => {
    await large();
    await phone.ledger.syncNow();
    const whole = new Map(await dump(phone.disk.name));
    const chunks = whole.get("snapshotChunks")!;
    const spoiled = chunks.map(([key, value], i) =>
      i === 0
        ? ([key, { ...(value as object), data: new Uint8Array([0xc1]) }] as const)
        : ([key, value] as const),
    );
    await restore(phone.disk.name, whole.set("snapshotChunks", spoiled));
    await phone.reload();
    expect(phone.shown().length).toBeLessThan(phone.standing().length);
    await phone.settle();
    expect(phone.shown()).toStrictEqual(phone.standing());
    await phone.reload();
    expect(phone.shown()).toStrictEqual(phone.standing());
  });
});

describe("rows that the disk spoiled", () => {
  it("are gone with the next cut, those of a lost bucket too, so that the next start reads all", async () => {
    await phone.begin();
    phone.server.commit([...rowsOf("org", 4), ...rowsOf("site:R1", 4)]);
    await phone.ledger.syncNow();
    const whole = new Map(await dump(phone.disk.name));
    const spoiled = whole
      .get("rows")!
      .map(([key, value]) =>
        (key as string[])[0] === "site:R1"
          ? ([key, { ...(value as object), data: new Uint8Array([0xc1]) }] as const)
          : ([key, value] as const),
      );
    await restore(phone.disk.name, whole.set("rows", spoiled));
    phone.server.granted = ["org"];
    await phone.reload();
    await phone.settle();
    await phone.reload();
    expect(phone.shown()).toStrictEqual(phone.standing(["org"]));
    expect(JSON.stringify((await dump(phone.disk.name)).get("rows"))).not.toContain("site:R1");
  });
});

type Step =
  | { readonly type: "commit"; readonly rows: readonly TestRow[] }
  | { readonly type: "make" | "sweep" | "sync" | "reload" | "expire" | "damage" | "record" }
  | { readonly type: "break"; readonly after: number }
  | { readonly type: "grant"; readonly granted: readonly string[] };

const row: fc.Arbitrary<TestRow> = fc
  .tuple(fc.constantFrom(...BUCKETS), fc.constantFrom(...TABLES), fc.nat({ max: 7 }), fc.option(fc.nat()))
  .map(([bucket, table, key, value]) => ({
    bucket,
    table,
    key: `${bucket}/${key}`,
    value: value === null ? null : [value],
  }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("commit" as const), rows: fc.array(row, { maxLength: 8 }) }),
  fc.constantFrom(
    ...(["make", "sweep", "sync", "sync", "reload", "expire", "damage", "record"] as const).map((type) => ({
      type,
    })),
  ),
  fc.record({ type: fc.constant("break" as const), after: fc.nat({ max: 6 }) }),
  fc.record({ type: fc.constant("grant" as const), granted: fc.subarray([...BUCKETS], { minLength: 1 }) }),
);

const take = async (phone: Phone, step: Step): Promise<void> => {
  const { server } = phone;
  switch (step.type) {
    case "commit":
      return server.commit(step.rows);
    case "make":
      return BUCKETS.forEach((bucket) => server.make(bucket));
    case "sweep":
      return server.sweep();
    case "sync":
      await phone.ledger.syncNow();
      return;
    case "reload":
      return phone.reload();
    case "expire":
      server.isExpired = true;
      return;
    case "damage":
      server.damages += 1;
      return;
    case "record":
      await phone.world.pick(phone.ledger);
      return;
    case "break":
      server.blobsLeft = step.after;
      return;
    case "grant":
      server.granted = step.granted;
  }
};

describe("whatever happens to downloads", () => {
  it("a phone ends with the rows that stand, and never shows one of a bucket that it lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const one = new Phone();
        await one.begin();
        for (const step of steps) await take(one, step);
        await one.settle();
        expect(one.shown()).toStrictEqual(one.standing());
        expect(one.ledger.state.loaded.value).toBeNull();
        expect(one.ledger.state.pendingCount.value).toBe(0);
        await one.reload();
        expect(one.shown()).toStrictEqual(one.standing());
        one.world.close();
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
