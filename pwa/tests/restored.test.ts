/** A server that was restored from a backup: phones give it again what it lost, and believe no word about what it had. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encode } from "../src/codec/msgpack.ts";
import { fill } from "./full-disk.ts";
import { World } from "./ledger-world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

/** A phone whose pick and photo are on the server, which a backup of before knows nothing of. */
const phoneWithPhoto = async () => {
  const { ledger, disk } = await world.phone();
  await ledger.syncNow();
  const size = world.server.log.length;
  const ref = await world.pick(ledger);
  await ledger.attach(ref, crypto.getRandomValues(new Uint8Array(3000)), "image/jpeg");
  await ledger.syncNow();
  await ledger.askAcknowledgement();
  expect((await ledger.wipeSafe()).isSafe).toBe(true);
  const word = await world.server.signedWord(ledger.state.device.value?.id ?? "");
  const restoredMs = world.nowMs - 5000;
  world.nowMs += 60_000;
  return { ledger, disk, size, word, restoredMs, names: [...world.server.evidence.keys()] };
};

const uploadsOf = (): (() => number) => {
  let uploads = 0;
  world.server.after = (path) => {
    if (path.startsWith("/api/v1/evidence/")) uploads += 1;
  };
  return () => uploads;
};

describe("a restored server", () => {
  it("gets the photos again that it had, once, though the app was closed in between", async () => {
    const { ledger, disk, size, names } = await phoneWithPhoto();
    world.server.restoreTo(size);
    world.server.before = (path) => {
      if (path.startsWith("/api/v1/evidence/")) throw new TypeError("cut");
      return undefined;
    };
    await ledger.syncNow();
    expect(await ledger.wipeSafe()).toMatchObject({ isSafe: false, evidence: 1 });
    ledger.close();
    world.server.before = () => undefined;
    const uploads = uploadsOf();
    const again = await world.open(disk);
    expect((await again.wipeSafe()).evidence).toBe(1);
    for (let meetings = 0; meetings < 3; meetings += 1) await again.syncNow();
    expect([[...world.server.evidence.keys()], uploads()]).toStrictEqual([names, 1]);
    expect((await again.wipeSafe()).evidence).toBe(0);
  });

  it("that waits for its operator gets them once, and no second time for waiting", async () => {
    const { ledger, size, restoredMs } = await phoneWithPhoto();
    const uploads = uploadsOf();
    world.server.recovering = [restoredMs, world.server.log.length];
    world.server.restoreTo(size);
    world.server.refusesFrames = true;
    for (let meetings = 0; meetings < 3; meetings += 1) await ledger.syncNow();
    expect([world.server.evidence.size, uploads()]).toStrictEqual([1, 1]);
  });

  it("gets them also from a phone that it forgot, and that is enrolled anew", async () => {
    const { ledger, size, names } = await phoneWithPhoto();
    world.server.restoreTo(size);
    const enrolled = await ledger.enrol(world.server.enrolmentCode("liu"), { name: "PDA", pin: "2468" });
    expect(enrolled.ok).toBe(true);
    await ledger.syncNow();
    expect([...world.server.evidence.keys()]).toStrictEqual(names);
  });

  it("is not said to have a photo that went up before another tab heard of the loss", async () => {
    const { ledger, disk, size } = await phoneWithPhoto();
    const ref = await world.pick(ledger);
    await ledger.attach(ref, new Uint8Array(1000), "image/jpeg");
    const other = await world.open(disk);
    let isLost = false;
    const first = await world.open(disk, {
      fetch: async (url, init) => {
        const reply = await world.server.fetch(url, init);
        if (!isLost && url.includes("/evidence/")) {
          isLost = true;
          world.server.restoreTo(size);
          world.server.before = (path) => {
            if (path.startsWith("/api/v1/evidence/")) throw new TypeError("cut");
            return undefined;
          };
          await other.syncNow();
          world.server.before = () => undefined;
        }
        return reply;
      },
    });
    await first.syncNow();
    await first.syncNow();
    expect(world.server.evidence.size).toBe(2);
  });

  it("is believed no word of before about what it lost, though it was signed after the backup's end", async () => {
    const { ledger, disk, size, word, restoredMs } = await phoneWithPhoto();
    world.server.recovering = [restoredMs, world.server.log.length];
    world.server.restoreTo(size);
    world.server.refusesFrames = true;
    await ledger.syncNow();
    expect(await ledger.wipeSafe()).toMatchObject({ isSafe: false, isStated: false });
    for (const phone of [ledger, await world.open(disk)]) {
      const heard = await phone.importBundle(encode([word]));
      expect(heard).toMatchObject({ heard: [{ ok: false, code: "lost-log" }] });
      expect(await phone.wipeSafe()).toMatchObject({ isSafe: false, isStated: false, unsent: 2 });
    }
  });

  it("is believed again in what it signs about the log as it goes on", async () => {
    const { ledger, size } = await phoneWithPhoto();
    world.server.restoreTo(size);
    await ledger.syncNow();
    expect((await ledger.wipeSafe()).isStated).toBe(false);
    await ledger.askAcknowledgement();
    expect(await ledger.wipeSafe()).toMatchObject({ isSafe: true, isStated: true });
  });

  it("is believed no older word where the phone has no space to note that it was restored", async () => {
    const { ledger, size, word } = await phoneWithPhoto();
    world.server.restoreTo(size);
    const free = fill();
    await ledger.syncNow();
    expect((await ledger.wipeSafe()).isSafe).toBe(false);
    free();
    await ledger.importBundle(encode([word]));
    expect((await ledger.wipeSafe()).isStated).toBe(false);
    await ledger.syncNow();
    expect(world.server.evidence.size).toBe(1);
  });

  it("makes a phone that carried for others ask anew what is in the log", async () => {
    const { ledger: liu } = await world.phone("liu");
    const { ledger: zhang } = await world.phone("zhang");
    await zhang.syncNow();
    const size = world.server.log.length;
    await world.pick(liu);
    await zhang.importBundle((await liu.exportOutbox()).bytes);
    await zhang.syncNow();
    expect(zhang.state.carried.value).toMatchObject([{ stage: "done" }]);
    world.nowMs += 60_000;
    world.server.restoreTo(size);
    await zhang.syncNow();
    expect(zhang.state.carried.value).toMatchObject([{ stage: "beside" }]);
  });
});
