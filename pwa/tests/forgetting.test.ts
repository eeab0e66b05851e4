/** A phone forgets what a confirmed backup holds, on disk and in memory, and goes on as if nothing had been. */
import { afterEach, describe, expect, it } from "vitest";
import { KEPT_MS } from "../src/sync/forgetting.ts";
import { openDatabase } from "../src/storage/database.ts";
import { World } from "./ledger-world.ts";

const world = new World();
afterEach(() => world.close());

const opsOnDisk = async (name: string): Promise<number> => {
  const db = await openDatabase(name, () => undefined);
  const count = await db.count("ops");
  db.close();
  return count;
};

describe("ops that have a verdict", () => {
  it("stay until a confirmed backup holds them and a week has passed, but for the last of the chain", async () => {
    const { ledger, disk } = await world.phone();
    for (let n = 0; n < 60; n += 1) await world.pick(ledger);
    await ledger.syncNow();
    world.nowMs += 2 * KEPT_MS;
    await ledger.syncNow();
    expect([await opsOnDisk(disk.name), ledger.outbox().value.length]).toStrictEqual([61, 61]);

    world.server.isBackedUp = true;
    await ledger.syncNow();
    expect([await opsOnDisk(disk.name), ledger.outbox().value.length]).toStrictEqual([1, 1]);
    ledger.close();

    const again = await world.open(disk);
    await again.signIn("liu", "2468");
    await world.pick(again);
    await again.syncNow();
    expect(again.state.pendingCount.value).toBe(0);
    expect(world.server.log.filter(({ op }) => op.kind === "pick")).toHaveLength(61);
    expect([world.server.chainFaults(), world.server.forks, again.state.copied.value]).toStrictEqual([
      [],
      0,
      false,
    ]);
  });
});
