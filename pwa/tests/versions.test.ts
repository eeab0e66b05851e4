/** Versions that meet: an older server, a newer one, a newer app that was here before, an older one that comes back. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bootFault } from "../src/app/boot-fault.ts";
import { namesFrom } from "../src/app/names.ts";
import { fromHex } from "../src/codec/bytes.ts";
import { decode, encode, type Value } from "../src/codec/msgpack.ts";
import { setLanguage, t } from "../src/i18n/i18n.ts";
import { deedsFor, type Exception, keyOf } from "../src/screens/exceptions/inbox.ts";
import { exceptionWord, happened, likelyCause, whatToDo } from "../src/screens/exceptions/facts.ts";
import { whyRefused } from "../src/screens/outbox/refusal.ts";
import { detailOf, explain, kindWord, stageOf } from "../src/screens/outbox/words.ts";
import { isNewerDatabase } from "../src/storage/database.ts";
import { flushFromWorker } from "../src/sync/flush.ts";
import { type OutboxItem } from "../src/sync/ledger-types.ts";
import { readRow, ROW_SHAPES, type Table } from "../src/sync/rows.ts";
import { decodeReply } from "../src/sync/wire.ts";
import { dump, restore, World } from "./ledger-world.ts";
import { readVectors } from "./vectors.ts";

const DEPTH = 11;
const MEDIA = { headers: { "Content-Type": "application/vnd.gobi.sync+msgpack" } };
const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

/** What a server three versions on might add at the end of anything. */
const LATER: readonly Value[] = ["later", null, [1, ["deep", new Uint8Array(2)]]];

/** Every array that has names for its elements, longer by what nobody here knows. */
const longer = (reply: readonly Value[], more: readonly Value[] = LATER): Value => {
  const entries = (list: Value | undefined): Value =>
    isList(list) ? list.map((entry) => (isList(entry) ? [...entry, ...more] : entry)) : (list ?? null);
  const fields = reply.map((field, i) => {
    if (i === 7)
      return (field as readonly (readonly Value[])[]).map(([bucket, table, key, value]): Value => [
        bucket!,
        table!,
        key!,
        isList(value) ? [...value, ...more] : (value ?? null),
        ...more,
      ]);
    if (i === 12 || i === 18) return isList(field) ? [...field, ...more] : field;
    return i === 8 || i === 9 || i === 10 || i >= 13 ? entries(field) : field;
  });
  const missing = [[], [], [], [], null].slice(Math.max(0, fields.length - 14));
  return [...fields, ...missing, ...more];
};

const vectors = readVectors<{ replies: { name: string; hex: string }[] }>("ops/sync.json");

describe("a reply", () => {
  const whole = vectors.replies.map(({ hex }) => decode(fromHex(hex), DEPTH) as readonly Value[]);

  it("of an older server, however short, says nothing of what came later", () => {
    for (const reply of whole)
      for (let length = 14; length <= reply.length; length += 1) {
        const read = decodeReply(encode(reply.slice(0, length), DEPTH));
        expect(read.acked).toStrictEqual(reply[13]);
        if (length < 15) expect([read.snapshots, read.based]).toStrictEqual([[], []]);
        if (length < 17) expect(read.covered).toStrictEqual([]);
        if (length < 18) expect(read.branches).toStrictEqual([]);
        if (length < 19) expect(read.recovering).toBeNull();
      }
  });

  it("of a newer server is read as far as it is known here", () => {
    const value = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.constant([] as Value[]));
    const more = fc.array(value, { minLength: 1, maxLength: 4 }) as fc.Arbitrary<Value[]>;
    fc.assert(
      fc.property(fc.constantFrom(...whole), more, (reply, added) => {
        const plain = decodeReply(encode(reply, DEPTH));
        const read = decodeReply(encode(longer(reply, added), DEPTH));
        const shown = ({ rows: _rows, ...rest }: typeof read): unknown => rest;
        expect(shown(read)).toStrictEqual(shown(plain));
        expect(read.rows.map(({ key }) => key)).toStrictEqual(plain.rows.map(({ key }) => key));
      }),
    );
  });
});

describe("a row", () => {
  const H = new Uint8Array(32);
  const rows: Partial<Record<Table, Value>> = {
    item: ["TOM-5", [["name", "番茄"]], []],
    balance: ["TOM-5", "1121", "R1", 5, 0, false, [1, 2, 3], null],
    hold: ["TOM-5", "1121", [["R1", "hold", "excursion", 4, 1, 0]]],
    variance: [1, "TOM-5", "1121", "R1", 5, 0, 4, 0, -1, 0, 9, [2], [[3, 1, 0]], null, null],
    order: ["SO-1", "GF", "sale", "2026-11-23", [["TOM-5", 5, null, 0, 0]], "open"],
    task: [
      "T-1",
      "pick",
      null,
      null,
      [["TOM-5", "1121", "R1", "T1", 5, null]],
      [["TOM-5", "1121", 1, 0]],
      null,
      "open",
    ],
    lease: [
      1,
      "ab",
      "TOM-5",
      "",
      "R1",
      5,
      1,
      9,
      "open",
      null,
      null,
      [[3, 1]],
      [[4, "cd"]],
      null,
      9,
      null,
      null,
    ],
    verdict: [7, 1, 2, "deferred", "unknown-kind", H, []],
    exception: ["x", "variance", ["TOM-5"], [1], "manager", 1, 2, "open", null],
  };

  it.each(Object.entries(rows) as [Table, readonly Value[]][])(
    "of table %s may have grown anywhere that it may grow",
    (table, value) => {
      const grown = value.map((field): Value =>
        isList(field) && field.every((entry) => isList(entry))
          ? field.map((entry): Value => [...entry, ...LATER])
          : field,
      );
      const [was, is] = [readRow(table, "k", value), readRow(table, "k", [...grown, ...LATER])];
      const scalars = (row: object): unknown =>
        Object.entries(row).filter(([name]) => name !== "lines" || table === "task");
      expect(scalars(is)).toStrictEqual(scalars(was));
    },
  );

  it("is left out where it does not fit, whatever it is, and nothing breaks", () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.integer(),
      fc.string(),
      fc.array(fc.anything()),
    ) as fc.Arbitrary<Value>;
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(ROW_SHAPES) as Table[])), value, (table, given) => {
        try {
          readRow(table, "k", given);
        } catch (error) {
          expect(error).toMatchObject({ type: "misfit" });
        }
      }),
    );
  });
});

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(async () => {
  world.close();
  await setLanguage("zh-CN");
});

describe("a phone", () => {
  it("works with a server three versions on: nothing is lost, nothing is stuck", async () => {
    const { fetch } = world.server;
    world.server.standing = [
      ["org", "place", "R1", ["R1", [], []]],
      ["org", "hologram", "H1", [1, ["whatever"]]],
      ["org", "exception", "e1", ["e1", "time-travelled", [1, null, []], [], "qa", 1, 2, "open", null]],
    ];
    const { ledger, disk } = await world.phone("liu", world.disk(), {
      fetch: async (url, init) => {
        const answer = await fetch(url, init);
        if (!url.endsWith("/sync") || !answer.ok) return answer;
        const reply = decode(new Uint8Array(await answer.arrayBuffer()), DEPTH) as readonly Value[];
        return new Response(encode(longer(reply), DEPTH), MEDIA);
      },
    });
    world.server.pageRows = 1;
    for (let i = 0; i < 3; i += 1) await world.pick(ledger);
    expect((await ledger.syncNow()).type).toBe("ok");
    expect(ledger.state.pendingCount.value).toBe(0);
    expect(ledger.rows("place").value.map(({ id }) => id)).toStrictEqual(["R1"]);
    expect(ledger.untyped("hologram").value).toHaveLength(1);
    const [exception] = ledger.rows("exception").value;
    expect(happened(exception!, namesFrom(ledger))).toBe(t("newer.exception"));
    const again = await world.open(disk);
    expect(again.untyped("hologram").value).toHaveLength(1);
    expect(again.outbox().value.every(({ stage }) => stage === "settled")).toBe(true);
  });

  it("goes on recording when the server says no to rows in a word that it does not know", async () => {
    const { ledger } = await world.phone();
    world.server.pull = "wrong-phase-of-the-moon";
    await world.pick(ledger);
    expect(await ledger.syncNow()).toStrictEqual({ type: "no-rows", code: "wrong-phase-of-the-moon" });
    expect(ledger.state.pendingCount.value).toBe(0);
  });

  it("shows what an older server cannot read as waiting for a newer one, and counts it meanwhile", async () => {
    const { ledger } = await world.phone();
    const ref = await world.pick(ledger);
    world.server.deferred.add(ref.hash);
    world.server.verdicts.set(`${ref.epoch}/${ref.seq}`, ["deferred", "unknown-kind"]);
    await ledger.syncNow();
    const [waiting] = ledger.outbox().value;
    expect(waiting).toMatchObject({ stage: "acked", verdict: { verdict: "deferred" }, problem: null });
    expect(stageOf(waiting!)).toMatchObject({ word: "等服务器升级", tint: "warn" });
    expect(explain("unknown-kind").todo).toBe("不用做什么，服务器升级后自动处理");
    await setLanguage("en");
    expect(stageOf(waiting!).word).toBe("Waiting for a newer server");
    expect(ledger.rows("balance").value.find(({ place }) => place === "T1")?.q).toBe(40);

    world.server.deferred.clear();
    world.server.verdicts.clear();
    const [[bucket, , key]] = [...(await verdictRows(ledger))] as [[string, string, string]];
    world.server.changes = [[bucket, "verdict", key, null]];
    await ledger.syncNow();
    expect(ledger.outbox().value[0]).toMatchObject({ stage: "settled", verdict: { verdict: "accepted" } });
  });
});

const verdictRows = async (ledger: {
  untyped: World["ledgers"][number]["untyped"];
}): Promise<[string, string, string][]> => {
  const device = world.server.requests.at(-1)![1] as Uint8Array;
  return ledger
    .untyped("verdict")
    .value.map(({ key }) => [`device:${Buffer.from(device).toString("hex")}`, "verdict", key]);
};

describe("screens", () => {
  const fact = fc.oneof(
    fc.integer(),
    fc.string(),
    fc.constant(null),
    fc.array(fc.string()),
  ) as fc.Arbitrary<Value>;
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom("variance", "lease-at-risk", "lapsed-permission", "constructor"),
  );

  it.each(["zh-CN", "en"] as const)(
    "say something of whatever a newer server says (%s)",
    async (language) => {
      const { ledger } = await world.phone();
      const ref = await world.pick(ledger);
      const names = namesFrom(ledger);
      await setLanguage(language);
      fc.assert(
        fc.property(word, fc.array(fact), word, word, (code, facts, kind, verdict) => {
          const exception: Exception = {
            key: "x",
            id: "x",
            code,
            facts,
            ops: [],
            owner: "qa",
            openedO: 1,
            deadlineMs: 2,
            state: "open",
            closedBy: null,
          };
          const item: OutboxItem = {
            ref,
            kind,
            body: null,
            at: 1,
            seen: 1,
            stage: "acked",
            verdict: { verdict, code, facts },
            problem: null,
            note: null,
          };
          const said = [
            exceptionWord(code),
            happened(exception, names),
            likelyCause(code),
            whatToDo(code),
            kindWord(kind),
          ];
          const more = [stageOf(item).word, explain(code).what, explain(code).todo];
          expect([...said, ...more].filter((text) => text.trim() === "")).toStrictEqual([]);
          expect(deedsFor(code)).not.toStrictEqual([]);
          keyOf(exception);
          whyRefused(item, names, 0);
          expect(detailOf(null, names)).toBe("");
        }),
      );
      expect([exceptionWord("later"), kindWord("later")]).toStrictEqual([
        t("newer.exception"),
        t("newer.kind"),
      ]);
    },
  );
});

describe("the database of another version", () => {
  /** What the first version of the app made; frozen. */
  const createFirst = (db: IDBDatabase): void => {
    db.createObjectStore("ops", { keyPath: "n" }).createIndex("dot", ["device", "epoch", "seq"], {
      unique: true,
    });
    db.createObjectStore("epochs", { keyPath: ["device", "epoch"] });
    db.createObjectStore("rows", { keyPath: ["bucket", "table", "chunk"] });
    db.createObjectStore("pages", { autoIncrement: true });
    db.createObjectStore("people", { keyPath: "id" });
    db.createObjectStore("evidence", { keyPath: "sha256" }).createIndex("uploaded", "uploaded");
    db.createObjectStore("relayed", { keyPath: "sha256" });
    db.createObjectStore("seals", { keyPath: "stretch" });
    db.createObjectStore("meta");
  };
  const at = (name: string, version: number, upgrade: (db: IDBDatabase) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open(name, version);
      request.addEventListener("upgradeneeded", () => upgrade(request.result));
      request.addEventListener("success", () => resolve(request.result.close()));
      request.addEventListener("error", () => reject(request.error!));
    });
  const newer = (name: string): Promise<void> => at(name, 99, (db) => void db.createObjectStore("holograms"));

  it("that is older is taken over with its outbox, and all of it goes up", async () => {
    const { ledger, disk } = await world.phone();
    world.server.standing = [["org", "place", "R1", ["R1", []]]];
    await ledger.syncNow();
    const refs = [await world.pick(ledger), await world.pick(ledger)];
    const now = await dump(disk.name);
    const later = new Set(["snapshotChunks", "bases", "staged"]);
    const old = { ...disk, name: `${disk.name}-first` };
    await at(old.name, 1, createFirst);
    await restore(old.name, new Map([...now].filter(([store]) => !later.has(store))));
    ledger.close();

    const updated = await world.open(old);
    expect(updated.state.pendingCount.value).toBe(2);
    expect(
      updated
        .outbox()
        .value.slice(0, 2)
        .map(({ ref }) => ref),
    ).toStrictEqual(refs.toReversed());
    expect(updated.rows("place").value).toHaveLength(1);
    const third = await world.pick(updated);
    expect((await updated.syncNow()).type).toBe("ok");
    expect(world.server.log.slice(-3).map(({ hash }) => hash)).toStrictEqual(
      [...refs, third].map(({ hash }) => hash),
    );
    expect([world.server.forks, world.server.chainFaults()]).toStrictEqual([0, []]);
  });

  it("that is newer is not opened, and not touched: the person is told, the outbox waits", async () => {
    const { ledger, disk } = await world.phone();
    const ref = await world.pick(ledger);
    ledger.close();
    await newer(disk.name);
    const before = await dump(disk.name);
    const fault = await world.open(disk).catch((error: unknown) => error);
    expect(isNewerDatabase(fault)).toBe(true);
    expect(bootFault(fault)).toStrictEqual({
      title: "应用版本旧了",
      text: "手机里的账本是新版本的，记录都在，没有丢。请连上网络，关掉本应用的所有页面，再重新打开",
      needsUpdate: true,
    });
    expect(bootFault(new Error("disk"))).toMatchObject({ needsUpdate: false });
    const ports = {
      databaseName: disk.name,
      fetch: world.server.fetch,
      local: undefined,
      session: undefined,
    };
    await expect(flushFromWorker(ports)).rejects.toThrow();
    expect(await dump(disk.name)).toStrictEqual(before);
    expect(before.get("ops")!.at(-1)![1]).toMatchObject({ epoch: ref.epoch, seq: ref.seq });
  });

  it("that another page brings up to a newer one lets this page's work stand, and takes no more of it", async () => {
    const { ledger, disk } = await world.phone();
    const ref = await world.pick(ledger);
    const racing = world.pick(ledger).catch((error: unknown) => error);
    await newer(disk.name);
    const raced = await racing;
    await expect(world.pick(ledger)).rejects.toMatchObject({ type: "newer-database" });
    expect((await ledger.syncNow()).type).toBe("refused");
    const stored = (await dump(disk.name)).get("ops")!.map(([, op]) => (op as { seq: number }).seq);
    // What raced with the update was recorded or refused, and whoever recorded it was told which.
    const isRecorded = !(raced instanceof Error);
    if (!isRecorded) expect(raced).toMatchObject({ type: "newer-database" });
    expect(stored).toStrictEqual([1, ref.seq, ...(isRecorded ? [ref.seq + 1] : [])]);
    expect(ledger.outbox().value).toHaveLength(stored.length);
  });
});
