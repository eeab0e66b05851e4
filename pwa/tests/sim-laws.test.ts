/** Laws of the phone alone, whatever happens to its disk, its pages and its network, in any order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FaultPlan } from "./sim/faults.ts";
import type { Phone } from "./sim/phone.ts";
import { SimWorld } from "./sim/world.ts";

type Step =
  | ({ readonly type: "pick"; readonly tab: number } & FaultPlan)
  | { readonly type: "race"; readonly picks: number; readonly syncs: boolean }
  | ({
      readonly type: "sync";
      readonly tab: number;
      readonly loses: "nothing" | "request" | "reply";
    } & FaultPlan)
  | ({ readonly type: "open"; readonly tab: number; readonly build: "now" | "old" | "new" } & FaultPlan)
  | { readonly type: "kill" }
  | ({ readonly type: "flush" } & FaultPlan)
  | { readonly type: "power"; readonly lose: number; readonly loseLocal: number }
  | { readonly type: "tear"; readonly back: number }
  | { readonly type: "wipe-local" }
  | { readonly type: "backup" }
  | { readonly type: "put-back"; readonly what: readonly string[] };

/** A few seconds each; the simulator (api/simulation) goes on where this ends. */
const RUNS = Number(process.env["SIM_LAW_RUNS"] ?? 30);

const tab = fc.nat({ max: 1 });
const few = fc.integer({ min: 1, max: 12 });
/** Mostly nothing goes wrong. */
const plan: fc.Arbitrary<FaultPlan> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ die: few, dieTab: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ quota: few, quotaOnce: fc.boolean(), quotaAtCommit: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ abort: fc.integer({ min: 1, max: 4 }) }) },
);
const withPlan = <T extends object>(steps: fc.Arbitrary<T>): fc.Arbitrary<T & FaultPlan> =>
  fc.tuple(steps, plan).map(([step, faults]) => ({ ...step, ...faults }));

const type = <T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name);
/** What any phone may live through; the disk keeps every promise that it makes. */
const honest: readonly fc.WeightedArbitrary<Step>[] = [
  { weight: 5, arbitrary: withPlan(fc.record({ type: type("pick"), tab })) },
  {
    weight: 2,
    arbitrary: fc.record({ type: type("race"), picks: fc.integer({ min: 2, max: 5 }), syncs: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: withPlan(
      fc.record({ type: type("sync"), tab, loses: fc.constantFrom("nothing", "request", "reply") }),
    ),
  },
  {
    weight: 2,
    arbitrary: withPlan(fc.record({ type: type("open"), tab, build: fc.constantFrom("now", "old", "new") })),
  },
  { weight: 1, arbitrary: fc.record({ type: type("kill") }) },
  { weight: 1, arbitrary: withPlan(fc.record({ type: type("flush") })) },
  { weight: 1, arbitrary: fc.record({ type: type("power"), lose: few, loseLocal: fc.nat({ max: 3 }) }) },
];
const lying: readonly fc.WeightedArbitrary<Step>[] = [
  { weight: 2, arbitrary: fc.record({ type: type("tear"), back: few }) },
  { weight: 1, arbitrary: fc.record({ type: type("backup") }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: type("put-back"),
      what: fc.constantFrom(["idb"], ["idb", "local"]),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: type("wipe-local") }) },
];

/** One phone with up to two tabs, and what its person was told. */
class Day {
  readonly world = new SimWorld();
  phone!: Phone;
  /** A copy of the text store went with a copy of the disk: nothing on the phone can tell that it is one. */
  isCopy = false;
  /** The text store lost its last words: until the next start it cannot tell what the disk lost. */
  #isForgetful = false;

  async begin(): Promise<void> {
    this.world.server.pageRows = 4;
    this.phone = await this.world.enrolled();
    this.phone.stutter = 30;
    await this.world.must(this.phone, "snapshot", { as: "backup" });
  }

  async #open(tab: number): Promise<void> {
    if (this.phone.pages.has(tab)) return;
    this.#isForgetful = false;
    await this.world.must(this.phone, "open", { tab, stutter: 30 });
  }

  async take(step: Step): Promise<void> {
    const { world, phone } = this;
    switch (step.type) {
      case "pick":
        await this.#open(step.tab);
        await world.pick(phone, step);
        break;
      case "race":
        await this.#race(step.picks, step.syncs);
        break;
      case "sync":
        await this.#open(step.tab);
        world.loses = step.loses;
        await world.run(phone, "sync", { ...step });
        world.loses = "nothing";
        break;
      case "open":
        await world.run(phone, "open", { ...step, version: step.build, stutter: 30 }).catch(tolerated);
        break;
      case "kill":
        phone.kill();
        break;
      case "flush":
        await world.run(phone, "flush", { ...step }).catch(tolerated);
        break;
      case "power":
        phone.losePower(step.lose, step.loseLocal);
        this.#isForgetful = step.loseLocal > 0;
        break;
      case "tear":
        this.isCopy ||= this.#isForgetful;
        phone.tear(step.back);
        await this.#forgive();
        break;
      case "wipe-local":
        phone.evict(["local"]);
        this.isCopy = true;
        break;
      case "backup":
        await world.must(phone, "snapshot", { as: "backup" });
        break;
      case "put-back":
        await world.must(phone, "restore", { from: "backup", what: step.what });
        this.isCopy ||= this.#isForgetful || step.what.includes("local");
        await this.#forgive();
        break;
      default:
        step satisfies never;
    }
  }

  /** Tabs at once, while turns of the database change places by chance. */
  async #race(picks: number, syncs: boolean): Promise<void> {
    const { world, phone } = this;
    await this.#open(0);
    await this.#open(1);
    const work = Array.from({ length: picks }, (_, i) => world.pick(phone, { tab: i % 2 }));
    await Promise.all(syncs ? [...work, world.run(phone, "sync", { tab: 1 })] : work);
  }

  /** What a disk lost that it had called durable, and the server does not have, nobody can have. */
  async #forgive(): Promise<void> {
    for (const hash of await this.world.missing(this.phone)) this.world.told.delete(hash);
  }

  async end(): Promise<void> {
    const { world, phone } = this;
    world.server.pageRows = 1_000_000;
    await world.settle(phone);
    expect(await world.missing(), "on the server").toStrictEqual([]);
    expect(await world.ghosts(phone), "refused and recorded").toStrictEqual([]);
    expect(
      world.server.chainFaults().filter((fault) => !this.isCopy || !fault.includes("twice")),
    ).toStrictEqual([]);
    expect([...world.server.devices.values()].flatMap(({ waiting }) => waiting)).toStrictEqual([]);
    if (!this.isCopy) expect([world.server.forks, await world.reusedDots(phone)]).toStrictEqual([0, []]);
    // The small server settles no branch of a copy beyond the other one.
    const settled = this.isCopy ? {} : { unsettled: 0 };
    expect(await world.must(phone, "safe")).toMatchObject({ unsent: 0, evidence: 0, relayed: 0, ...settled });
    if (!this.isCopy) expect(await world.pendingBalances(phone), "with nothing pending").toStrictEqual([]);
    // Torn so far that it was never enrolled, it is nobody's phone.
    if (phone.page().ledger.state.device.value === null) return;
    expect(await world.rowsOf(phone)).toStrictEqual(world.logged().sort());
  }
}

/** A start or a worker on a broken or full disk may fail as a whole; what is on the disk stays. */
const tolerated = (error: unknown): void => {
  if (
    !(error instanceof DOMException || (error instanceof Error && /not flushed|closed/.test(error.message)))
  )
    throw error;
};

const lived = async (steps: readonly Step[]): Promise<void> => {
  const day = new Day();
  await day.begin();
  for (const step of steps) {
    await day.take(step);
    expect(await day.world.missing(day.phone), step.type).toStrictEqual([]);
  }
  await day.end();
};

describe("whatever happens to a phone", () => {
  it("nothing that its person was told is lost, doubled or named twice while its disk keeps its word", async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.oneof(...honest), { minLength: 1, maxLength: 20 }), lived), {
      numRuns: RUNS,
    });
  }, 240_000);

  it("what a lying disk lost is named by nobody else, and the phone goes on", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(...honest, ...lying), { minLength: 1, maxLength: 20 }), lived),
      { numRuns: RUNS },
    );
  }, 240_000);
});
