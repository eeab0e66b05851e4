/** Laws of the ledger on the phone under any interleaving of work, tabs, lost messages, kills and lost power. */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { decodeOp, leafHash } from "../src/codec/op.ts";
import { toHex } from "../src/codec/bytes.ts";
import type { StoredOp } from "../src/storage/database.ts";
import type { Ledger } from "../src/sync/ledger.ts";
import { type Disk, type Dump, dump, restore, World } from "./ledger-world.ts";

type Step =
  | { readonly type: "record"; readonly tab: number }
  | { readonly type: "race"; readonly records: number }
  | { readonly type: "sync"; readonly tab: number; readonly loses: "nothing" | "request" | "reply" }
  | { readonly type: "record-while-syncing"; readonly tab: number }
  | { readonly type: "reload"; readonly tab: number }
  | { readonly type: "kill-while-recording"; readonly tab: number }
  | { readonly type: "power-loss"; readonly back: number };

const tab = fc.nat({ max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("record" as const), tab }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("race" as const), records: fc.integer({ min: 2, max: 5 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("sync" as const),
      tab,
      loses: fc.constantFrom("nothing" as const, "request" as const, "reply" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("record-while-syncing" as const), tab }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("reload" as const), tab }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("kill-while-recording" as const), tab }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("power-loss" as const), back: fc.integer({ min: 1, max: 4 }) }),
  },
);

/** One phone with two tabs, and what its person was told. */
class Day {
  readonly world = new World();
  readonly dying: Promise<unknown>[] = [];
  readonly told = new Set<string>();
  readonly dumps: Dump[] = [];
  tabs: Ledger[] = [];
  disk!: Disk;

  async begin(): Promise<void> {
    const { ledger, disk } = await this.world.phone();
    this.disk = disk;
    this.tabs = [ledger, await this.world.open(disk)];
    this.dumps.push(await dump(disk.name));
  }

  #lose(what: "nothing" | "request" | "reply"): void {
    const fail = (): never => {
      throw new TypeError("network");
    };
    this.world.server.before = what === "request" ? fail : () => undefined;
    this.world.server.after = what === "reply" ? fail : () => undefined;
  }

  async #record(ledger: Ledger): Promise<void> {
    this.told.add((await this.world.pick(ledger)).hash);
  }

  async take(step: Step): Promise<void> {
    const ledger = this.tabs["tab" in step ? step.tab : 0]!;
    switch (step.type) {
      case "record":
        await this.#record(ledger);
        break;
      case "race":
        await Promise.all(Array.from({ length: step.records }, (_, i) => this.#record(this.tabs[i % 2]!)));
        break;
      case "sync":
        this.#lose(step.loses);
        await ledger.syncNow();
        this.#lose("nothing");
        break;
      case "record-while-syncing":
        await Promise.all([ledger.syncNow(), this.#record(this.tabs[1 - step.tab]!), this.#record(ledger)]);
        break;
      case "reload":
        this.tabs[step.tab] = await this.world.open(this.disk);
        break;
      case "kill-while-recording": {
        // Nobody was told of it, so it may be there or not; the chain must be whole.
        this.dying.push(this.world.pick(ledger).catch(() => undefined));
        this.tabs[step.tab] = await this.world.open(this.disk);
        break;
      }
      case "power-loss":
        await this.#losePower(step.back);
        break;
      default:
    }
    this.dumps.push(await dump(this.disk.name));
  }

  /** The last transactions were reported complete and are gone; what the log does not have of them is lost. */
  async #losePower(back: number): Promise<void> {
    const kept = this.dumps[Math.max(0, this.dumps.length - 1 - back)]!;
    // A page that was killed writes nothing afterwards; here it is only as good as killed.
    await Promise.all(this.dying.splice(0));
    await restore(this.disk.name, kept);
    this.tabs = [await this.world.open(this.disk), await this.world.open(this.disk)];
    const left = new Set([...hashesOf(kept), ...this.logged()]);
    for (const hash of this.told) if (!left.has(hash)) this.told.delete(hash);
  }

  logged(): string[] {
    return this.world.server.log.map(({ hash }) => hash);
  }
}

const hashesOf = (whole: Dump): string[] =>
  (whole.get("ops") ?? []).map(([, op]) => toHex(leafHash((op as StoredOp).data)));

const days: Day[] = [];
afterEach(() => {
  for (const day of days.splice(0)) day.world.close();
});

describe("whatever happens to a phone", () => {
  it("nothing that its person was told is recorded gets lost, and its chain stays whole", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const day = new Day();
        days.push(day);
        await day.begin();
        for (const step of steps) {
          await day.take(step);
          const somewhere = new Set([...hashesOf(day.dumps.at(-1)!), ...day.logged()]);
          expect([...day.told].filter((hash) => !somewhere.has(hash))).toStrictEqual([]);
        }
        const { server } = day.world;
        for (const ledger of [...day.tabs, ...day.tabs]) await ledger.syncNow();

        expect([...day.told].filter((hash) => !day.logged().includes(hash))).toStrictEqual([]);
        expect(server.chainFaults()).toStrictEqual([]);
        expect(server.forks).toBe(0);
        expect([...server.devices.values()].flatMap(({ waiting }) => waiting)).toStrictEqual([]);
        for (const ledger of day.tabs) {
          expect(ledger.state.pendingCount.value).toBe(0);
          expect(ledger.outbox().value.every(({ stage }) => stage === "settled")).toBe(true);
        }
        const byHash = new Map(server.log.map(({ hash, op }) => [hash, op]));
        for (const { op, data } of server.log) {
          expect(decodeOp(data)).toStrictEqual(op);
          const prev = byHash.get(toHex(op.prev));
          expect(op.seen[0], "what was seen never decreases along a chain").toBeGreaterThanOrEqual(
            prev?.seen[0] ?? 0,
          );
        }
        day.world.close();
      }),
      { numRuns: 120 },
    );
  }, 120_000);

  it("a copied profile is found out, and both branches arrive", async () => {
    const move = fc.constantFrom("pick 0", "pick 1", "sync 0", "sync 1", "copy");
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 16 }), async (moves) => {
        const day = new Day();
        days.push(day);
        const { world } = day;
        const { ledger, disk } = await world.phone();
        const phones = [{ ledger, disk }];
        for (const move of [...moves, "copy", "pick 0", "pick 1"]) {
          const [verb, number = "0"] = move.split(" ");
          const phone = phones[Number(number) % phones.length]!;
          if (verb === "pick") day.told.add((await world.pick(phone.ledger, 40 + day.told.size)).hash);
          else if (verb === "sync") await phone.ledger.syncNow();
          else if (phones.length < 4) {
            const twin = world.disk();
            (await world.open(twin)).close();
            await restore(twin.name, await dump(phone.disk.name));
            phones.push({ ledger: await world.open(twin), disk: twin });
          }
        }
        for (const phone of [...phones, ...phones, ...phones]) await phone.ledger.syncNow();
        expect([...day.told].filter((hash) => !day.logged().includes(hash))).toStrictEqual([]);
        for (const phone of phones) expect(phone.ledger.state.pendingCount.value).toBe(0);
        world.close();
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
