/** One phone's work through another, and the server's signed word on the way back. docs/protocol/relay.md. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromHex, toHex } from "../src/codec/bytes.ts";
import { decode, encode } from "../src/codec/msgpack.ts";
import { makeParts, openCollector } from "../src/codec/parts.ts";
import { fitting, FRAMES_MAX, REQUEST_FRAMES_BYTES } from "../src/sync/frames.ts";
import type { Ledger, ShownPackage, Taken } from "../src/sync/ledger.ts";
import { fill } from "./full-disk.ts";
import { dump, restore, World } from "./ledger-world.ts";
import { SERVER, SmallServer } from "./small-server.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

const idOf = (ledger: Ledger): string => ledger.state.device.value?.id ?? "";

/** Shows a package to another phone, of whose codes it reads every second one, from somewhere in the middle. */
const readBy = async (reader: Ledger, shown: ShownPackage | null): Promise<Taken> => {
  if (shown === null) throw new Error("nothing to show");
  const { part } = makeParts(shown.package);
  const collector = openCollector();
  for (let number = 3; ; number += 2) {
    const found = collector.take(part(number));
    if (found.type === "whole") return reader.importPackage(found.package);
  }
};

/** Liu without a network, Zhang who walks by. */
const met = async (): Promise<{
  liu: Ledger;
  zhang: Ledger;
  liuDisk: Awaited<ReturnType<World["phone"]>>["disk"];
}> => {
  const { ledger: liu, disk: liuDisk } = await world.phone("liu");
  const { ledger: zhang } = await world.phone("zhang");
  await liu.syncNow();
  for (let i = 0; i < 30; i += 1) await world.pick(liu, i + 1);
  return { liu, zhang, liuDisk };
};

const stages = (ledger: Ledger) =>
  ledger.state.carried.value.map(({ device, records, stage, code }) => ({ device, records, stage, code }));

describe("by QR codes", () => {
  it("one phone's work goes up through another, and the server's word comes back", async () => {
    const { liu, zhang } = await met();
    const shown = await liu.outboxAsPackage();
    expect(shown).toMatchObject({ records: 30, left: 0 });
    expect(await readBy(zhang, shown)).toMatchObject({
      ok: true,
      frames: 1,
      from: [{ device: idOf(liu), records: 30 }],
      own: 0,
      foreign: 0,
    });
    expect(stages(zhang)).toEqual([{ device: idOf(liu), records: 30, stage: "here", code: "" }]);
    expect(await zhang.signedAsPackage(idOf(liu))).toBe(null);

    await zhang.syncNow();
    expect(stages(zhang)).toEqual([{ device: idOf(liu), records: 30, stage: "done", code: "" }]);
    const taken = await readBy(liu, await zhang.signedAsPackage(idOf(liu)));
    expect(taken).toMatchObject({ ok: true, frames: 0, heard: [{ ok: true, records: 30 }] });
    expect(liu.state.pendingCount.value).toBe(0);
    expect(liu.state.signedWord.value).toEqual({ atMs: world.nowMs, bearer: "PDA" });
    expect(await liu.wipeSafe()).toMatchObject({ isSafe: true, isStated: true, unsent: 0, unsettled: 30 });
  });

  it("what one phone recorded since is not covered by an older word, however often it is shown", async () => {
    const { liu, zhang } = await met();
    await readBy(zhang, await liu.outboxAsPackage());
    await zhang.syncNow();
    const word = await zhang.signedAsPackage(idOf(liu));
    await world.pick(liu);
    for (let again = 0; again < 2; again += 1) {
      await readBy(liu, word);
      expect(await liu.wipeSafe()).toMatchObject({ isSafe: false, isStated: false, unsent: 1 });
    }
  });

  it("nothing is not shown, and own work that comes back is told from others'", async () => {
    const { liu } = await met();
    const shown = await liu.outboxAsPackage();
    expect(await readBy(liu, shown)).toMatchObject({ frames: 0, own: 1, from: [] });
    await liu.syncNow();
    expect(await liu.outboxAsPackage()).toBe(null);
  });

  it("a long outbox goes in instalments", async () => {
    const { liu, zhang } = await met();
    for (let i = 0; i < 120; i += 1) {
      const photo = crypto.getRandomValues(new Uint8Array(2000));
      await liu.record("pick", { order: null, task: null, lines: [] }, { erasable: [photo] });
    }
    let [rounds, records] = [0, 0];
    while (liu.state.pendingCount.value > 0) {
      const shown = await liu.outboxAsPackage();
      records += shown?.records ?? 0;
      await readBy(zhang, shown);
      await zhang.syncNow();
      await readBy(liu, await zhang.signedAsPackage(idOf(liu)));
      rounds += 1;
      expect(shown?.left).toBe(liu.state.pendingCount.value);
    }
    expect(records).toBe(150);
    expect(rounds).toBeGreaterThan(1);
    expect(world.server.chainFaults()).toEqual([]);
  });
});

describe("what is carried", () => {
  it("outlives the app, twice the same is once, and going up is told", async () => {
    const { liu } = await met();
    const { ledger: zhang, disk } = await world.phone("zhang");
    const { bytes } = await liu.exportOutbox();
    await zhang.importBundle(bytes);
    await zhang.importBundle(bytes);
    const again = await world.open(disk);
    expect(stages(again)).toEqual([{ device: idOf(liu), records: 30, stage: "here", code: "" }]);
    await again.syncNow();
    expect(stages(await world.open(disk))).toMatchObject([{ records: 30, stage: "done" }]);
  });

  it("is not taken halfway where there is no space, and nothing else is lost", async () => {
    const { liu, zhang } = await met();
    await world.pick(zhang);
    const free = fill((store) => store === "relayed");
    const { bytes } = await liu.exportOutbox();
    await expect(zhang.importBundle(bytes)).rejects.toMatchObject({ type: "storage-full" });
    free();
    expect([stages(zhang), zhang.state.pendingCount.value]).toEqual([[], 2]);
    expect(await zhang.importBundle(bytes)).toMatchObject({ frames: 1 });
  });

  it("in more frames than a request may have goes up in two requests", () => {
    const frames = Array.from({ length: FRAMES_MAX + 1 }, () => ({ frame: new Uint8Array(9) }));
    expect(fitting(frames, REQUEST_FRAMES_BYTES)).toHaveLength(FRAMES_MAX);
    expect(fitting(frames.slice(1), REQUEST_FRAMES_BYTES)).toHaveLength(FRAMES_MAX);
  });

  it("stays when the server keeps it back, is offered less and less often, and can be let go of", async () => {
    const { liu, zhang } = await met();
    await zhang.importBundle((await liu.exportOutbox()).bytes);
    world.server.refusesRelayed.set(idOf(liu), "too-many-unread");
    const carriedIn = () =>
      world.server.requests.filter((request) => (request[9] as unknown[]).length > 0).length;
    await zhang.syncNow();
    await zhang.syncNow();
    expect(carriedIn()).toBe(1);
    expect(stages(zhang)).toMatchObject([{ stage: "kept-back", code: "too-many-unread" }]);
    expect(zhang.state.relayedCount.value).toBe(1);
    world.nowMs += 61_000;
    await zhang.syncNow();
    expect(carriedIn()).toBe(2);
    world.server.refusesRelayed.clear();
    world.nowMs += 200_000;
    await zhang.syncNow();
    expect(carriedIn()).toBe(2);
    world.nowMs += 50_000;
    await zhang.syncNow();
    expect(stages(zhang)).toMatchObject([{ stage: "done" }]);

    await world.pick(liu);
    await zhang.importBundle((await liu.exportOutbox()).bytes);
    await zhang.dropCarried(idOf(liu));
    expect([stages(zhang), zhang.state.relayedCount.value]).toEqual([[], 0]);
    expect(liu.state.pendingCount.value).toBe(31);
  });

  it("that the server will never take goes, and is told; no word is asked for", async () => {
    const { liu, zhang } = await met();
    await zhang.importBundle((await liu.exportOutbox()).bytes);
    world.server.refusesRelayed.set(idOf(liu), "wrong-seal");
    await zhang.syncNow();
    expect(stages(zhang)).toMatchObject([{ stage: "refused", code: "wrong-seal" }]);
    expect(zhang.state.relayedCount.value).toBe(0);
    expect(liu.state.pendingCount.value).toBe(30);
  });

  it("that waits for earlier work of its phone is not called done, until that came", async () => {
    const { liu, zhang } = await met();
    const early = await liu.exportOutbox();
    await zhang.importBundle(early.bytes);
    // The server forgets the session op with all that follows: it was restored.
    const device = world.server.devices.get(idOf(liu));
    if (device === undefined) throw new Error("enrolled");
    device.main.clear();
    world.server.log.splice(0);
    await zhang.syncNow();
    expect(stages(zhang)).toMatchObject([{ stage: "beside" }]);
    await liu.syncNow();
    await liu.syncNow();
    await zhang.syncNow();
    expect(stages(zhang)).toMatchObject([{ stage: "done" }]);
  });

  it("comes up once the network mends, whichever request broke off", async () => {
    const { liu, zhang } = await met();
    await zhang.importBundle((await liu.exportOutbox()).bytes);
    for (const broken of ["/api/v1/sync", `/api/v1/devices/${idOf(liu)}/acknowledgement`]) {
      for (const when of ["before", "after"] as const) {
        world.server[when] = (path: string): undefined => {
          if (path.startsWith(broken)) throw new TypeError("cut");
        };
        await zhang.syncNow();
        world.server[when] = () => undefined;
      }
    }
    expect(stages(zhang)).toMatchObject([{ stage: "sent" }]);
    await zhang.syncNow();
    expect(stages(zhang)).toMatchObject([{ stage: "done" }]);
    expect(world.server.chainFaults()).toEqual([]);
  });
});

describe("a phone that carries work of two", () => {
  it("brings home the word for one though the server does not know the other", async () => {
    const { liu, zhang } = await met();
    const { ledger: wang } = await world.phone("wang");
    await wang.syncNow();
    await world.pick(wang);
    await zhang.importBundle((await liu.exportOutbox()).bytes);
    await zhang.importBundle((await wang.exportOutbox()).bytes);
    const asked: string[] = [];
    world.server.before = (path) => {
      if (!path.endsWith("/acknowledgement")) return undefined;
      asked.push(path);
      return asked.length === 1 ? new Response("{}", { status: 404 }) : undefined;
    };
    await zhang.syncNow();
    expect(asked.length).toBe(2);
    expect(
      stages(zhang)
        .map(({ stage }) => stage)
        .sort(),
    ).toEqual(["done", "sent"]);
  });
});

describe("a file", () => {
  it("that is wrong or cut off changes nothing and is told from an empty one", async () => {
    const { liu, zhang } = await met();
    const { bytes } = await liu.exportOutbox();
    for (const wrong of [
      bytes.slice(0, -5),
      new Uint8Array(),
      encode("text"),
      encode([1, 2]),
      bytes.slice(1),
    ])
      expect(await zhang.importBundle(wrong)).toEqual({ ok: false, type: "unreadable" });
    expect(await zhang.importBundle(encode([]))).toMatchObject({ ok: true, frames: 0, junk: 0 });
    expect(await zhang.importBundle(encode([Uint8Array.of(1)]))).toMatchObject({
      ok: true,
      frames: 0,
      junk: 1,
    });
    expect(stages(zhang)).toEqual([]);
  });

  it("of another organisation is not carried, and its neighbour's frames are", async () => {
    const { liu, zhang } = await met();
    const [frame] = decode((await liu.exportOutbox()).bytes) as readonly [Uint8Array];
    const foreign = fromHex(toHex(frame).replace("6c767975616e", "6e767975616e"));
    expect(await zhang.importBundle(encode([foreign, frame]))).toMatchObject({ frames: 1, foreign: 1 });
  });
});

describe("whatever bytes come", () => {
  it("nothing throws, nothing is carried that is no frame of the organisation, and nothing is believed", async () => {
    const { liu, zhang } = await met();
    const { bytes } = await liu.exportOutbox();
    await liu.syncNow();
    const word = await world.server.signedWord(idOf(zhang));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(bytes, encode([word])),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.uint8Array({ maxLength: 60 }),
        async (good, at, flip, junk) => {
          const broken = good.slice();
          const place = at % broken.length;
          broken[place] = (broken[place] ?? 0) ^ flip;
          for (const given of [
            broken,
            good.slice(0, place),
            new Uint8Array(junk),
            encode([new Uint8Array(junk)]),
          ]) {
            const taken = await zhang.importBundle(given);
            if (taken.ok) expect(taken.heard.filter(({ ok }) => ok)).toEqual([]);
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(await zhang.wipeSafe()).toMatchObject({ isStated: false });
  });
});

describe("the server's word", () => {
  it("counts only for the phone that it is about, signed by the server that it knows", async () => {
    const { liu, zhang } = await met();
    await liu.syncNow();
    const [word, other] = [
      await world.server.signedWord(idOf(liu)),
      await world.server.signedWord(idOf(zhang)),
    ];
    const impostor = new SmallServer();
    impostor.devices.set(idOf(liu), world.server.devices.get(idOf(liu))!);
    impostor.log.push(...world.server.log);
    const forged = await impostor.signedWord(idOf(liu));
    const flipped = word.slice();
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    const foreign = await world.server.signedWord(idOf(liu), [], { org: "nvyuan" });
    for (const [signed, code] of [
      [other, "other-device"],
      [forged, "false-acknowledgement"],
      [flipped, "false-acknowledgement"],
      [foreign, "false-acknowledgement"],
    ] as const) {
      expect(await liu.importBundle(encode([signed]))).toMatchObject({ heard: [{ ok: false, code }] });
      expect(await liu.wipeSafe()).toMatchObject({ isSafe: false, isStated: false });
    }
    expect(await liu.importBundle(encode([word]))).toMatchObject({ heard: [{ ok: true, records: 0 }] });
    expect(await liu.wipeSafe()).toMatchObject({ isSafe: true });
  });

  it("of another log than the phone has seen is a lie", async () => {
    const { liu } = await met();
    await liu.syncNow();
    const word = await world.server.signedWord(idOf(liu), [], { root: new Uint8Array(32) });
    expect(await liu.importBundle(encode([word]))).toMatchObject({
      heard: [{ ok: false, code: "false-acknowledgement" }],
    });
  });

  it("that tells of missing photos or names keeps the phone from being wiped, and all can be sent again", async () => {
    const { liu } = await met();
    await liu.syncNow();
    world.server.signs = { missingValues: 2 };
    await liu.askAcknowledgement();
    expect(await liu.wipeSafe()).toMatchObject({ isSafe: false, isStated: true, missingValues: 2 });
    await liu.sendAgain();
    expect(liu.state.pendingCount.value).toBe(31);
    world.server.signs = { covered: 1_000 };
    await liu.syncNow();
    await liu.askAcknowledgement();
    expect(await liu.wipeSafe()).toMatchObject({ isSafe: true, isBackedUp: true, missingValues: 0 });
    expect(world.server.chainFaults()).toEqual([]);
  });

  it("names a copy's own ops when it asks, though the log has a longer branch", async () => {
    const { liu, liuDisk } = await met();
    await liu.syncNow();
    const backup = await dump(liuDisk.name);
    await world.pick(liu);
    await liu.syncNow();
    const copyDisk = { ...world.disk(), local: liuDisk.local };
    const copy = await world.open(copyDisk);
    copy.close();
    await restore(copyDisk.name, backup);
    const restored = await world.open(copyDisk);
    await restored.syncNow();
    expect(await restored.askAcknowledgement()).toBe(true);
    expect(await restored.wipeSafe()).toMatchObject({ isSafe: true, isStated: true });
  });

  it("is checked by the key that its server told once, where the enrolment did not", async () => {
    world.server.saysKey = false;
    const { liu, zhang } = await met();
    await liu.syncNow();
    const word = await world.server.signedWord(idOf(liu));
    world.server.before = () => {
      throw new TypeError("cut");
    };
    expect(await liu.importBundle(encode([word]))).toMatchObject({ heard: [{ code: "no-server-key" }] });
    world.server.before = () => undefined;
    expect(await liu.askAcknowledgement()).toBe(true);
    world.server.before = (path) => {
      if (path === "/api/v1/server-key") throw new Error(`asked ${SERVER} twice`);
      return undefined;
    };
    expect(await liu.askAcknowledgement()).toBe(true);
    expect(await zhang.wipeSafe()).toMatchObject({ isStated: false });
  });
});
