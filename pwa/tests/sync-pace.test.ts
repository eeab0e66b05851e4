import { afterEach, describe, expect, it, vi } from "vitest";
import { openCore } from "../src/sync/core.ts";
import { openKeeper } from "../src/sync/keeper.ts";
import { openPace, pauseMs } from "../src/sync/pace.ts";
import { browserPorts } from "../src/sync/ports.ts";
import { openTriggers } from "../src/sync/triggers.ts";
import { World } from "./ledger-world.ts";

afterEach(() => vi.unstubAllGlobals());

const lost = { ok: false, retryAfterMs: null };

describe("the pace of meetings", () => {
  it("slows down with failures, up to five minutes", () => {
    const pauses = [1, 2, 3, 4, 8, 9, 1000].map((failures) => pauseMs(lost, failures, 0));
    expect(pauses).toStrictEqual([2_000, 4_000, 8_000, 16_000, 256_000, 300_000, 300_000]);
  });

  it("differs from phone to phone by up to a half", () => {
    expect(pauseMs(lost, 3, 0.999)).toBeGreaterThanOrEqual(4_000);
    expect(pauseMs({ ok: true, retryAfterMs: null }, 0, 0)).toBe(60_000);
    expect(pauseMs({ ok: true, retryAfterMs: null }, 0, 0.5)).toBe(45_000);
  });

  it("takes the server's word for when to come back, also after years of failures", () => {
    expect(pauseMs({ ok: false, retryAfterMs: 20_000 }, 1, 0)).toBe(20_000);
    expect(pauseMs({ ok: false, retryAfterMs: 1_000 }, 9, 0)).toBe(300_000);
  });

  it("holds one meeting at a time, and another one for what came too late for it", async () => {
    let [running, most, meetings] = [0, 0, 0];
    const pace = openPace(
      async () => {
        most = Math.max(most, (running += 1));
        meetings += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return { ok: true, retryAfterMs: null };
      },
      { isAutomatic: false, chance: () => 0 },
    );
    const first = pace.now();
    await Promise.all([first, pace.now(), pace.now()]);
    expect([most, meetings]).toStrictEqual([1, 2]);
    pace.stop();
    await pace.now();
    expect(meetings).toBe(2);
  });

  it("goes on after a meeting that broke", async () => {
    let meetings = 0;
    const pace = openPace(
      async () => {
        if ((meetings += 1) === 1) throw new Error("broken");
        return { ok: true, retryAfterMs: null };
      },
      { isAutomatic: false, chance: () => 0 },
    );
    await expect(pace.now()).rejects.toThrow("broken");
    await pace.now();
    expect(meetings).toBe(2);
  });
});

describe("a poke", () => {
  it("has the phone meet the server, unless there is no space for what it would bring", async () => {
    const lines: EventTarget[] = [];
    class Line extends EventTarget {
      static readonly CLOSED = 2;
      readonly readyState = 1;
      constructor() {
        super();
        lines.push(this);
      }
      close(): void {
        lines.pop();
      }
    }
    vi.stubGlobal("EventSource", Line);
    const world = new World();
    const { disk } = await world.phone();
    const ports = { ...browserPorts(), databaseName: disk.name, local: disk.local, session: disk.session };
    const keeper = await openKeeper(ports, { onChange: () => undefined, onSpace: () => undefined });
    let [meetings, isFull] = [0, false];
    const pace = { soon: () => void (meetings += 1), now: () => Promise.resolve(), stop: () => undefined };
    const core = await openCore(ports, keeper, () => false);
    const triggers = openTriggers(core, pace, {
      isOffline: () => false,
      isFull: () => isFull,
      onNetwork: () => undefined,
    });
    triggers.reconnect();
    for (const size of ["7", "8"]) {
      lines[0]?.dispatchEvent(new MessageEvent("poke", { data: size }));
      isFull = true;
    }
    expect(meetings).toBe(1);
    triggers.stop();
    await keeper.close();
    world.close();
  });
});
