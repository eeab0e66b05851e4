import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../src/codec/bytes.ts";
import { World, dump, restore, START_MS } from "./ledger-world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.close();
});

const logged = (): Set<string> => new Set(world.server.log.map(({ hash }) => hash));

describe("an enrolled phone", () => {
  it("signs in and records without a network, and brings everything up later", async () => {
    const { ledger } = await world.phone();
    world.server.before = () => {
      throw new TypeError("Failed to fetch");
    };
    const ref = await world.pick(ledger);
    expect(await ledger.syncNow()).toStrictEqual({ type: "offline" });
    expect(ledger.state.pendingCount.value).toBe(2);
    expect(ledger.outbox().value.map(({ kind, stage }) => [kind, stage])).toStrictEqual([
      ["pick", "recorded"],
      ["session", "recorded"],
    ]);

    world.server.before = () => undefined;
    expect(await ledger.syncNow()).toStrictEqual({ type: "ok" });
    expect(logged()).toContain(ref.hash);
    expect(world.server.chainFaults()).toStrictEqual([]);
    expect(ledger.state.pendingCount.value).toBe(0);
    expect(ledger.outbox().value[0]).toMatchObject({
      ref,
      stage: "settled",
      verdict: { verdict: "accepted" },
    });
  });

  it("chains each op to the one before, and the first to its enrolment", async () => {
    const { ledger } = await world.phone();
    const [first, second] = [await world.pick(ledger), await world.pick(ledger)];
    await ledger.syncNow();
    const ops = world.server.log.map(({ op }) => op);
    const [device] = world.server.devices.values();
    expect(ops.map(({ seq }) => seq)).toStrictEqual([1, 2, 3]);
    expect(toHex(ops[0]!.prev)).toBe(device!.enrol);
    expect(toHex(ops[2]!.prev)).toBe(first.hash);
    expect(second.seq).toBe(3);
    expect(toHex(ops[1]!.actor)).toBe(world.server.log[0]!.hash.slice(0, 32));
    expect(ops[0]!.actor).toHaveLength(0);
  });

  it("is what it was after the app was killed, signed in and with its work", async () => {
    const { ledger, disk } = await world.phone();
    await ledger.syncNow();
    const ref = await world.pick(ledger);
    const again = await world.open(disk);
    expect(again.state.person.value).toMatchObject({ id: "liu", name: "LIU" });
    expect(again.state.device.value).toMatchObject({ org: "lvyuan", name: "PDA", utcOffsetMinutes: 480 });
    expect(again.outbox().value[0]?.ref).toStrictEqual(ref);
    await world.pick(again);
    await again.syncNow();
    expect(world.server.chainFaults()).toStrictEqual([]);
    expect(again.state.pendingCount.value).toBe(0);
  });

  it("records nothing for nobody", async () => {
    const ledger = await world.open(world.disk());
    await expect(world.pick(ledger)).rejects.toMatchObject({ type: "not-enrolled" });
    const { ledger: phone } = await world.phone();
    await phone.signOut();
    expect(phone.state.person.value).toBeNull();
    await expect(world.pick(phone)).rejects.toMatchObject({ type: "signed-out" });
    await phone.signIn("liu", "2468");
    world.nowMs += 13 * 3_600_000;
    await expect(world.pick(phone)).rejects.toMatchObject({ type: "signed-out" });
  });

  it("refuses what no op can hold, and the chain goes on", async () => {
    const { ledger } = await world.phone();
    const huge = { place: "R1", items: null, complete: false, shown: false };
    const lines = Array.from({ length: 2000 }, () => ({ item: "TOM-5", lot: "1121", qty: 1 }));
    await expect(ledger.record("count", { ...huge, lines })).rejects.toMatchObject({ type: "op-too-large" });
    expect((await world.pick(ledger)).seq).toBe(2);
  });

  it("carries names beside the op, where they can be deleted", async () => {
    const { ledger } = await world.phone();
    await ledger.record(
      "deliver",
      { partner: "weiyuan", order: null, receiver: ["glass", 0, null, null], lines: [] },
      { erasable: ["王师傅"] },
    );
    await ledger.syncNow();
    expect(world.server.log[1]!.op.erasable).toHaveLength(1);
    expect(new TextDecoder().decode(world.server.log[1]!.data)).not.toContain("王师傅");
  });
});

describe("an outbox", () => {
  it("loses nothing when replies are lost, and sends nothing twice into the log", async () => {
    const { ledger } = await world.phone();
    world.server.after = () => {
      throw new TypeError("connection reset");
    };
    for (let i = 0; i < 3; i += 1) {
      await world.pick(ledger);
      expect((await ledger.syncNow()).type).toBe("offline");
    }
    world.server.after = () => undefined;
    await ledger.syncNow();
    expect(world.server.log).toHaveLength(4);
    expect(world.server.forks).toBe(0);
  });

  it("sends the same bytes again, also after a reload", async () => {
    const { ledger, disk } = await world.phone();
    await world.pick(ledger);
    world.server.after = () => {
      throw new TypeError("connection reset");
    };
    await ledger.syncNow();
    await (await world.open(disk)).syncNow();
    const [first, second] = world.server.requests.map((request) => (request[8] as Uint8Array[]).map(toHex));
    expect(first).toHaveLength(1);
    expect(second).toStrictEqual(first);
  });

  it("goes up in frames of 500 and shrinks what it sends when the server says that it is too much", async () => {
    const { ledger } = await world.phone();
    for (let i = 0; i < 600; i += 1) await world.pick(ledger);
    world.server.before = (path) =>
      path.endsWith("sync") && (world.server.bodies.length += 1) === 1
        ? new Response("{}", { status: 413 })
        : undefined;
    expect((await ledger.syncNow()).type).toBe("ok");
    expect(world.server.log).toHaveLength(601);
    expect(ledger.state.pendingCount.value).toBe(0);
  });

  it("tells a verdict that is not acceptance, and keeps deferred work pending", async () => {
    const { ledger } = await world.phone();
    const ref = await world.pick(ledger);
    world.server.verdicts.set(`${ref.epoch}/${ref.seq}`, ["deferred", "missing-op"]);
    world.server.deferred.add(ref.hash);
    await ledger.syncNow();
    expect(ledger.outbox().value[0]).toMatchObject({
      stage: "acked",
      verdict: { verdict: "deferred", code: "missing-op" },
    });
    expect(await ledger.wipeSafe()).toMatchObject({ isSafe: false, isStated: false, unsent: 0 });
    expect(await ledger.askAcknowledgement()).toBe(true);
    expect(await ledger.wipeSafe()).toStrictEqual({
      isSafe: true,
      isStated: true,
      isBackedUp: false,
      statedMs: world.nowMs,
      logSize: world.server.log.length,
      missingValues: 0,
      missingEvidence: 0,
      unsent: 0,
      unsettled: 1,
      evidence: 0,
      relayed: 0,
    });
  });

  it("tells what the server refused as bytes, and still gets its rows", async () => {
    const { ledger } = await world.phone();
    await world.pick(ledger);
    world.server.refusesFrames = true;
    world.server.standing = [["org", "place", "R1", ["R1", [["name", "冷库"]]]]];
    expect(await ledger.syncNow()).toStrictEqual({ type: "ok" });
    expect(ledger.outbox().value[0]?.problem?.code).toBe("malformed-frame");
    expect(ledger.rows("place").value[0]?.attributes["name"]).toBe("冷库");
    world.server.refusesFrames = false;
    await ledger.syncNow();
    expect(ledger.outbox().value[0]).toMatchObject({ problem: null, stage: "settled" });
  });

  it("is carried by another phone as a file, unopened", async () => {
    const { ledger: stranded } = await world.phone("zhang");
    const { ledger: carrier } = await world.phone("liu");
    const ref = await world.pick(stranded);
    const { bytes, name } = await stranded.exportOutbox();
    expect(name).toMatch(/^gobi-PDA-\d{4}-\d\d-\d\d\.gobi$/);
    expect(await carrier.importBundle(bytes)).toMatchObject({ ok: true, frames: 1 });
    expect(await carrier.importBundle(bytes)).toMatchObject({ ok: true, frames: 1 });
    expect(await carrier.importBundle(Uint8Array.of(1, 2, 3))).toStrictEqual({
      ok: false,
      type: "unreadable",
    });
    expect(carrier.state.relayedCount.value).toBe(1);
    expect((await carrier.wipeSafe()).isSafe).toBe(false);
    await carrier.syncNow();
    expect(logged()).toContain(ref.hash);
    expect(carrier.state.relayedCount.value).toBe(0);
    await stranded.syncNow();
    expect(stranded.state.pendingCount.value).toBe(0);
    expect(world.server.chainFaults()).toStrictEqual([]);
  });

  it("uploads photos apart, and gives them back", async () => {
    const { ledger, disk } = await world.phone();
    const ref = await world.pick(ledger);
    const photo = crypto.getRandomValues(new Uint8Array(5000));
    await ledger.attach(ref, photo, "image/jpeg");
    expect((await ledger.wipeSafe()).evidence).toBe(1);
    await ledger.syncNow();
    await ledger.askAcknowledgement();
    expect((await ledger.wipeSafe()).isSafe).toBe(true);
    const [[sha, kept]] = [...world.server.evidence] as [[string, Uint8Array]];
    expect(kept).toStrictEqual(photo);
    const again = await world.open(disk);
    expect((await again.evidence(sha))?.bytes).toStrictEqual(photo);
    const { ledger: other } = await world.phone("zhang");
    expect((await other.evidence(sha))?.bytes).toStrictEqual(photo);
    expect(await other.evidence("0".repeat(64))).toBeNull();
  });

  it("tells which photo the server will not have, keeps it, and offers it less and less often", async () => {
    const { ledger, disk } = await world.phone();
    const ref = await world.pick(ledger);
    await ledger.attach(ref, crypto.getRandomValues(new Uint8Array(5000)), "image/jpeg");
    let offers = 0;
    world.server.before = (path) => {
      if (!path.startsWith("/api/v1/evidence/")) return undefined;
      offers += 1;
      return new Response(JSON.stringify({ type: "/errors/evidence-too-large" }), { status: 413 });
    };
    for (let meetings = 0; meetings < 5; meetings += 1) await ledger.syncNow();
    expect(offers).toBe(1);
    const problems = (of: typeof ledger) =>
      of.outbox().value.map(({ kind, problem }) => [kind, problem?.code]);
    expect(problems(ledger)[0]).toStrictEqual(["attach", "evidence-too-large"]);
    expect(problems(ledger)[1]).toStrictEqual(["pick", undefined]);
    const again = await world.open(disk);
    expect(problems(again)[0]).toStrictEqual(["attach", "evidence-too-large"]);
    expect((await again.wipeSafe()).evidence).toBe(1);

    world.nowMs += 2 * 60_000;
    for (let meetings = 0; meetings < 5; meetings += 1) await again.syncNow();
    expect(offers).toBe(2);
    world.server.before = () => undefined;
    world.nowMs += 60 * 60_000;
    await again.syncNow();
    expect(problems(again)[0]).toStrictEqual(["attach", undefined]);
    expect((await again.wipeSafe()).evidence).toBe(0);
  });
});

describe("copies and lost tails", () => {
  it("a copy that comes second goes on in a new epoch and loses nothing", async () => {
    const { ledger, disk } = await world.phone();
    await world.pick(ledger);
    await ledger.syncNow();
    const twinDisk = { ...world.disk() };
    await world.open(twinDisk).then((empty) => empty.close());
    await restore(twinDisk.name, await dump(disk.name));
    const twin = await world.open(twinDisk);
    const [mine, theirs] = [await world.pick(ledger), await world.pick(twin, 41)];
    await ledger.syncNow();
    await twin.syncNow();
    const after = await world.pick(twin);
    expect(after.epoch).not.toBe(mine.epoch);
    await twin.syncNow();
    await ledger.syncNow();
    for (const { hash } of [mine, theirs, after]) expect(logged()).toContain(hash);
    expect(world.server.forks).toBe(1);
    expect([ledger.state.pendingCount.value, twin.state.pendingCount.value]).toStrictEqual([0, 0]);
  });

  it("a phone that lost its last transactions with the power uses no dot of them again", async () => {
    const { ledger, disk } = await world.phone();
    await world.pick(ledger);
    const before = await dump(disk.name);
    const [lost] = [await world.pick(ledger), await world.pick(ledger)];
    await ledger.syncNow();
    await restore(disk.name, before);
    const again = await world.open(disk);
    const fresh = await world.pick(again);
    expect(fresh).toMatchObject({ seq: 1 });
    expect(fresh.epoch).not.toBe(lost.epoch);
    await again.syncNow();
    expect(logged()).toContain(fresh.hash);
    expect(world.server.forks).toBe(0);
    expect(world.server.chainFaults()).toStrictEqual([]);
    expect(again.state.pendingCount.value).toBe(0);
  });

  it("two tabs record into one chain", async () => {
    const { ledger, disk } = await world.phone();
    const other = await world.open(disk);
    await Promise.all(Array.from({ length: 20 }, (_, i) => world.pick(i % 2 === 0 ? ledger : other)));
    await ledger.syncNow();
    expect(world.server.log.map(({ op }) => op.seq)).toStrictEqual(
      Array.from({ length: 21 }, (_, i) => i + 1),
    );
    expect(world.server.chainFaults()).toStrictEqual([]);
    await other.syncNow();
    expect(other.state.pendingCount.value).toBe(0);
    const runs = new Set(world.server.log.map(({ op }) => op.run));
    expect(runs.size).toBe(2);
  });

  it("enrolled anew, it carries the work of the device that it was", async () => {
    const { ledger } = await world.phone();
    const ref = await world.pick(ledger);
    expect(
      await ledger.enrol(world.server.enrolmentCode("zhang"), { name: "PDA", pin: "1357" }),
    ).toMatchObject({
      ok: true,
    });
    expect(ledger.state.pendingCount.value).toBe(0);
    expect(ledger.state.relayedCount.value).toBe(1);
    await ledger.signIn("zhang", "1357");
    await ledger.syncNow();
    expect(logged()).toContain(ref.hash);
  });
});

describe("rows", () => {
  it("come down in pages and are applied in one step", async () => {
    const { ledger: writer } = await world.phone("zhang");
    for (let i = 0; i < 25; i += 1) await world.pick(writer);
    await writer.syncNow();
    const { ledger, disk } = await world.phone();
    world.server.pageRows = 10;
    const seen: number[] = [];
    const stop = ledger.untyped("op").subscribe((rows) => void seen.push(rows.length));
    let trips = 0;
    world.server.after = (path) => {
      if (path.endsWith("sync") && (trips += 1) === 2) throw new TypeError("connection reset");
    };
    expect((await ledger.syncNow()).type).toBe("offline");
    expect(ledger.untyped("op").value).toHaveLength(0);
    const again = await world.open(disk);
    await again.syncNow();
    expect(again.untyped("op").value).toHaveLength(27);
    stop();
    expect(seen.every((size) => size === 0 || size === 27)).toBe(true);
  });

  it("of a dropped bucket go, and come anew when it is granted anew", async () => {
    const { ledger } = await world.phone();
    world.server.standing = [["site:R1", "place", "R1", ["R1", []]]];
    await ledger.syncNow();
    expect(ledger.rows("place").value).toHaveLength(1);
    world.server.dropped = ["site:R1"];
    await ledger.syncNow();
    expect(ledger.rows("place").value).toHaveLength(0);
    expect(world.server.requests.at(-1)![7]).toContain("site:R1");
    await ledger.syncNow();
    expect(world.server.requests.at(-1)![7]).not.toContain("site:R1");
  });

  it("show this phone's pending work on top of balances, until it is settled", async () => {
    const { ledger } = await world.phone();
    const key = "TOM-5\u001F1121\u001FR1";
    world.server.standing = [
      ["site:R1", "balance", key, ["TOM-5", "1121", "R1", 40, 0, false, null, null]],
      ["org", "grant", "g", ["liu", "picker", null, null, null]],
      ["org", "item", "TOM-5", ["TOM-5", [["name", "番茄"]]]],
      ["org", "item", "BAD", ["BAD"]],
    ];
    await ledger.syncNow();
    const row = ledger.row("balance", key);
    expect(row.value).toMatchObject({ q: 40, pending: false });
    await world.pick(ledger, 15);
    expect(row.value).toMatchObject({ q: 25, pending: true, unconfirmed: false });
    expect(ledger.rows("balance").value.map(({ place, q }) => [place, q])).toStrictEqual([
      ["R1", 25],
      ["T1", 15],
    ]);
    expect(ledger.state.person.value?.roles).toStrictEqual(["picker"]);
    expect(ledger.rows("item").value.map(({ id }) => id)).toStrictEqual(["TOM-5"]);
    await ledger.syncNow();
    expect(row.value).toMatchObject({ q: 40, pending: false });
  });

  it("show a task and an order as far as this phone's pending work got", async () => {
    const { ledger } = await world.phone();
    world.server.standing = [
      [
        "site:R1",
        "task",
        "T-1",
        ["T-1", "pick", "liu", "SO-1", [["TOM-5", "1121", "R1", "T1", 40, null]], [], null, "open"],
      ],
      [
        "org",
        "order",
        "SO-1",
        ["SO-1", "laozhou", "sell", "2026-11-23", [["TOM-5", 60, null, 0, 0, 0, 0]], "open"],
      ],
    ];
    await ledger.syncNow();
    expect(ledger.row("task", "T-1").value?.state).toBe("open");
    const lines = [{ item: "TOM-5", lot: "1121", from: "R1", to: "T1", qty: 40 }];
    await ledger.record("pick", { order: "SO-1", task: "T-1", lines });
    expect(ledger.row("task", "T-1").value).toMatchObject({
      state: "done",
      done: [["TOM-5", "1121", 40, 0]],
    });
    expect(ledger.rows("order").value[0]?.lines).toStrictEqual([["TOM-5", 60, null, 40, 0, 0, 0]]);
    await ledger.syncNow();
    expect(ledger.row("task", "T-1").value?.state).toBe("open");
  });

  it("are refused without a session, and what was recorded goes up all the same", async () => {
    const { ledger } = await world.phone();
    await world.pick(ledger);
    world.server.pull = "session-expired";
    expect(await ledger.syncNow()).toStrictEqual({ type: "no-rows", code: "session-expired" });
    expect(ledger.state.pendingCount.value).toBe(0);
    expect(ledger.state.lastSyncAt.value).toBeNull();
    expect(ledger.state.online.value).toBe(true);
  });
});

describe("the clock", () => {
  it("of a phone two hours fast tells server time from its enrolment on", async () => {
    const skew = 7_200_000;
    const { ledger } = await world.phone("liu", world.disk(), { wallMs: () => world.nowMs + skew });
    await world.pick(ledger);
    expect(ledger.outbox().value[0]?.at).toBe(world.nowMs);
    expect(ledger.nowMs()).toBe(world.nowMs);
    expect(ledger.state.clockTrust.value).toBe("synced");
  });

  it("begins a new run after a reload, and says so", async () => {
    const { ledger, disk } = await world.phone();
    await world.pick(ledger);
    const again = await world.open(disk);
    await world.pick(again);
    expect(again.state.clockTrust.value).toBe("estimated");
    await again.syncNow();
    expect(again.state.clockTrust.value).toBe("synced");
    expect(world.server.log.map(({ op }) => op.run)).toStrictEqual([1, 1, 2]);
    expect(START_MS).toBeLessThan(world.nowMs);
  });
});

describe("the demo's switch", () => {
  it("cuts the network and outlives a reload", async () => {
    const { ledger, disk } = await world.phone();
    await ledger.syncNow();
    ledger.setOffline(true);
    await world.pick(ledger);
    expect(await ledger.syncNow()).toStrictEqual({ type: "offline" });
    const again = await world.open(disk);
    expect(again.isSetOffline.value).toBe(true);
    expect((await again.syncNow()).type).toBe("offline");
    again.setOffline(false);
    expect((await again.syncNow()).type).toBe("ok");
    expect(again.state.pendingCount.value).toBe(0);
  });
});
