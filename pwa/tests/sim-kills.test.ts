/** The phone, killed at every point at which it could be: a fault table, and not a matter of chance. */
import { describe, expect, it } from "vitest";
import type { Given } from "./sim/verbs.ts";
import { SimWorld } from "./sim/world.ts";
import type { Phone } from "./sim/phone.ts";

/** A command that is to die, after what leads up to it. */
interface Dying {
  readonly name: string;
  readonly before: (world: SimWorld, phone: Phone) => Promise<void>;
  readonly verb: string;
  readonly given: (world: SimWorld) => Given;
}

const picks = async (world: SimWorld, phone: Phone, count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) await world.pick(phone);
};

const PICK: Given = {
  kind: "pick",
  fields: {
    order: "SO-1",
    task: null,
    lines: [{ item: "TOM-5", lot: "1121", from: "R1", to: "T1", qty: 7 }],
  },
};

const COMMANDS: readonly Dying[] = [
  { name: "record", before: (world, phone) => picks(world, phone, 2), verb: "record", given: () => PICK },
  { name: "sync", before: (world, phone) => picks(world, phone, 3), verb: "sync", given: () => ({}) },
  {
    name: "sync of many pages",
    before: async (world, phone) => {
      await picks(world, phone, 9);
      await world.must(phone, "sync");
      world.server.standing = Array.from({ length: 7 }, (_, i) => [
        "site:R1",
        "item",
        `i${i}`,
        [`i${i}`, []],
      ]);
      await picks(world, phone, 4);
      world.server.pageRows = 3;
    },
    verb: "sync",
    given: () => ({}),
  },
  {
    name: "sync whose reply was lost before",
    before: async (world, phone) => {
      await picks(world, phone, 3);
      world.loses = "reply";
      await world.run(phone, "sync");
      world.loses = "nothing";
      await picks(world, phone, 1);
    },
    verb: "sync",
    given: () => ({}),
  },
  {
    name: "attach",
    before: (world, phone) => picks(world, phone, 1),
    verb: "attach",
    given: (world) => ({
      of: { hash: world.logged()[0] ?? [...world.told][0] },
      hex: "ffd8",
      mediaType: "image/jpeg",
    }),
  },
  {
    name: "sign in again",
    before: async () => undefined,
    verb: "sign-in",
    given: () => ({ person: "liu", pin: "2468" }),
  },
  {
    name: "start after a torn tail",
    before: async (world, phone) => {
      await picks(world, phone, 3);
      await world.must(phone, "sync");
      world.told.clear();
      phone.tear(6);
    },
    verb: "open",
    given: () => ({}),
  },
  {
    name: "join anew with work that is not sent",
    before: (world, phone) => picks(world, phone, 2),
    verb: "enrol",
    given: (world) => ({ url: world.server.enrolmentCode("liu"), name: "PDA", pin: "2468" }),
  },
];

/** The small server signs nothing, so nothing is said to be safe; but nothing is left here either. */
const NOTHING_LEFT = { unsent: 0, unsettled: 0, evidence: 0, relayed: 0 };

const begun = async ({ before }: Dying): Promise<readonly [SimWorld, Phone]> => {
  const world = new SimWorld();
  const phone = await world.enrolled();
  await before(world, phone);
  return [world, phone];
};

describe("an app that is killed at any point", () => {
  it.each(COMMANDS)(
    "of $name: nothing told is lost, nothing is doubled, and it goes on",
    async (command) => {
      const [whole, unharmed] = await begun(command);
      const { points } = await whole.run(unharmed, command.verb, command.given(whole));
      expect(points).toBeGreaterThan(0);
      for (let die = 1; die <= points; die += 1) {
        const [world, phone] = await begun(command);
        const outcome = await world.run(phone, command.verb, { ...command.given(world), die });
        const at = `killed at ${die} of ${points}`;

        expect(outcome.type, at).toBe("died");
        expect(await world.missing(phone), at).toStrictEqual([]);
        await world.must(phone, "open");
        if (command.verb === "enrol") await world.run(phone, "sign-in", { person: "liu", pin: "2468" });
        await world.pick(phone);
        await world.settle(phone);
        expect(await world.missing(), at).toStrictEqual([]);
        expect(world.server.chainFaults(), at).toStrictEqual([]);
        expect([world.server.forks, await world.reusedDots(phone)], at).toStrictEqual([0, []]);
        expect(await world.must(phone, "safe"), at).toMatchObject(NOTHING_LEFT);
        expect(await world.rowsOf(phone), at).toStrictEqual(world.logged().sort());
      }
    },
    120_000,
  );
});

describe("a carrier that is killed at any point", () => {
  it("brings up the work of a phone that is gone, all the same", async () => {
    const begin = async () => {
      const world = new SimWorld();
      const [lost, carrier] = [await world.enrolled("lost"), await world.enrolled("carrier", "wang")];
      await picks(world, lost, 3);
      const hex = await world.must(lost, "export");
      lost.evict(["idb", "local"]);
      await world.must(carrier, "import", { hex });
      return { world, carrier };
    };
    const whole = await begin();
    const { points } = await whole.world.run(whole.carrier, "sync");
    for (let die = 1; die <= points; die += 1) {
      const { world, carrier } = await begin();
      await world.run(carrier, "sync", { die });
      await world.must(carrier, "open");
      await world.settle(carrier);
      expect(await world.missing(), `killed at ${die} of ${points}`).toStrictEqual([]);
    }
  }, 120_000);

  it("takes work along as a whole or not at all, and the server's word for it comes in the end", async () => {
    const begin = async () => {
      const world = new SimWorld();
      const [source, carrier] = [await world.enrolled("source"), await world.enrolled("carrier", "wang")];
      await world.must(source, "sync");
      await picks(world, source, 3);
      return { world, carrier, hex: await world.must(source, "export") };
    };
    const stages = async (world: SimWorld, carrier: Phone): Promise<unknown> => {
      const { carried } = (await world.must(carrier, "state")) as {
        readonly carried: readonly { readonly records: number; readonly stage: string }[];
      };
      return carried.map(({ records, stage }) => `${records} ${stage}`);
    };
    const whole = await begin();
    const taking = await whole.world.run(whole.carrier, "import", { hex: whole.hex });
    const bringing = await whole.world.run(whole.carrier, "sync");
    for (const [verb, points] of [
      ["import", taking.points],
      ["sync", bringing.points],
    ] as const)
      for (let die = 1; die <= points; die += 1) {
        const { world, carrier, hex } = await begin();
        const at = `${verb} killed at ${die} of ${points}`;
        if (verb === "sync") await world.must(carrier, "import", { hex });
        await world.run(carrier, verb, { die, ...(verb === "import" ? { hex } : {}) });
        await world.must(carrier, "open");
        if (verb === "import") {
          expect([[], ["3 here"]], at).toContainEqual(await stages(world, carrier));
          await world.must(carrier, "import", { hex });
        }
        await world.settle(carrier);
        expect(await stages(world, carrier), at).toStrictEqual(["3 done"]);
        expect(world.server.log.length, at).toBe(5);
      }
  }, 120_000);
});
