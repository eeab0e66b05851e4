import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StoredPerson } from "../src/storage/database.ts";
import { readEnrolmentCode } from "../src/sync/enrolment.ts";
import { isLocked, TRIES_MAX, triesLeft, withTry } from "../src/sync/pin.ts";
import { World } from "./ledger-world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.close();
});

describe("a PIN", () => {
  it("opens a session that the next ops act in, without a network", async () => {
    const { ledger, disk } = await world.phone();
    await ledger.signOut();
    world.server.before = () => {
      throw new TypeError("Failed to fetch");
    };
    const again = await world.open(disk);
    expect(again.state.people.value).toStrictEqual([{ id: "liu", name: "LIU", lockedUntilMs: 0 }]);
    expect(await again.signIn("liu", "2468")).toStrictEqual({ ok: true });
    expect(again.outbox().value[0]?.body).toMatchObject({
      kind: "session",
      fields: { person: "liu", assurance: "device" },
    });
    expect(again.state.person.value?.expiresMs).toBe(world.nowMs + 12 * 3_600_000);
  });

  it("that is wrong delays the next try more and more, and a reload does not help", async () => {
    const { ledger, disk } = await world.phone();
    const results = [];
    for (let i = 0; i < 3; i += 1) results.push(await ledger.signIn("liu", "0000"));
    expect(results.map((result) => "triesLeft" in result && result.triesLeft)).toStrictEqual([9, 8, 7]);
    const again = await world.open(disk);
    expect(await again.signIn("liu", "2468")).toStrictEqual({
      ok: false,
      type: "locked",
      triesLeft: 7,
      retryAtMs: world.nowMs + 30_000,
    });
    world.nowMs += 30_000;
    expect(await again.signIn("liu", "2468")).toStrictEqual({ ok: true });
    expect(await again.signIn("liu", "0000")).toMatchObject({ type: "wrong-pin", triesLeft: 9 });
  });

  it("is gone after ten wrong ones, until the phone is enrolled anew", async () => {
    const { ledger } = await world.phone();
    let last;
    for (let i = 0; i < TRIES_MAX; i += 1) {
      last = await ledger.signIn("liu", "0000");
      world.nowMs += 3_600_000;
    }
    expect(last).toMatchObject({ type: "locked", triesLeft: 0 });
    expect(await ledger.signIn("liu", "2468")).toMatchObject({ type: "locked", triesLeft: 0 });
    await ledger.enrol(world.server.enrolmentCode("liu"), { name: "PDA", pin: "1357" });
    expect(await ledger.signIn("liu", "1357")).toStrictEqual({ ok: true });
  });

  it("of another person is added by one who is signed in", async () => {
    const { ledger } = await world.phone();
    expect(await ledger.signIn("zhang", "1111")).toStrictEqual({ ok: false, type: "unknown-person" });
    expect(await ledger.addPerson("zhang", "张磊", "11")).toStrictEqual({ ok: false, type: "pin-too-short" });
    expect(await ledger.addPerson("zhang", "张磊", "1111")).toStrictEqual({ ok: true });
    await ledger.signOut();
    expect(await ledger.addPerson("ma", "马强", "2222")).toStrictEqual({ ok: false, type: "signed-out" });
    expect(await ledger.signIn("zhang", "1111")).toStrictEqual({ ok: true });
    expect(ledger.state.person.value?.name).toBe("张磊");
  });

  it("of somebody who can sign in already is not set by another, but anew when a shared phone joins anew", async () => {
    const { ledger } = await world.phone();
    const join = async (): Promise<unknown> =>
      ledger.enrol(world.server.enrolmentCode(""), { name: "PDA", pin: "0000" });
    await join();
    expect(await ledger.addPerson("liu", "刘洋", "2468")).toStrictEqual({ ok: true });
    expect(await ledger.signIn("liu", "2468")).toStrictEqual({ ok: true });
    expect(await ledger.addPerson("zhang", "张磊", "1111")).toStrictEqual({ ok: true });
    expect(await ledger.addPerson("zhang", "张磊", "9999")).toStrictEqual({
      ok: false,
      type: "person-there",
    });
    expect(await ledger.signIn("zhang", "1111")).toStrictEqual({ ok: true });
    await join();
    expect(ledger.state.people.value).toStrictEqual([]);
    expect(await ledger.addPerson("zhang", "张磊", "3333")).toStrictEqual({ ok: true });
    expect(await ledger.signIn("zhang", "3333")).toStrictEqual({ ok: true });
  });

  it("is stored only as something that cannot be turned back, by delays that a clock set back does not stretch", () => {
    const person: StoredPerson = {
      id: "liu",
      name: "",
      salt: new Uint8Array(16),
      iterations: 1,
      verifier: new Uint8Array(32),
      failures: 0,
      lockedUntilMs: 0,
    };
    let tried = person;
    const delays = [];
    for (let i = 0; i < TRIES_MAX; i += 1) {
      tried = withTry(tried, 1_000_000_000);
      delays.push(tried.lockedUntilMs === 0 ? 0 : (tried.lockedUntilMs - 1_000_000_000) / 1000);
    }
    expect(delays).toStrictEqual([0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600]);
    expect(triesLeft(tried)).toBe(0);
    const waiting = withTry({ ...person, failures: 2 }, 1_000_000_000);
    expect(isLocked(waiting, 1_000_029_999)).toBe(true);
    expect(isLocked(waiting, 1_000_030_000)).toBe(false);
    expect(isLocked(waiting, 0)).toBe(false);
  });
});

describe("an enrolment code", () => {
  const here = "http://liu.localhost:8000";
  const there = { server: "https://gobi.example/co-op", code: "Ab_3-xyz" };
  const text = "gobi:enrol:https://gobi.example/co-op/#Ab_3-xyz";
  it.each([
    [text, there],
    [`  ${text}\n`, there],
    [`GOBI:ENROL:${text.slice(11)}`, there],
    [`${here}/#/enrol?u=${encodeURIComponent(text)}`, there],
    [`#/enrol?url=${encodeURIComponent(text)}&pin=2468&auto=1`, there],
    [`#/enrol?code=${encodeURIComponent(text)}`, there],
    ["#/enrol?code=Ab_3-xyz", { server: here, code: "Ab_3-xyz" }],
    [`https://other.example/#/enrol?code=Ab_3-xyz`, { server: "https://other.example", code: "Ab_3-xyz" }],
    ["Ab_3-xyz", { server: here, code: "Ab_3-xyz" }],
    ["gobi:enrol:javascript:alert(1)#Ab_3-xyz", null],
    ["gobi:enrol:https://gobi.example", null],
    ["#/enrol", null],
    ["(01)09520100101014", null],
    ["", null],
  ])("%s", (given, expected) => {
    expect(readEnrolmentCode(given, here)).toStrictEqual(expected);
  });

  it("is used once, and a wrong one changes nothing", async () => {
    const ledger = await world.open(world.disk());
    const code = world.server.enrolmentCode("liu");
    const options = { name: "PDA", pin: "2468" };
    expect(await ledger.enrol("nonsense!", options)).toMatchObject({ type: "not-an-enrolment-code" });
    expect(await ledger.enrol(code, { ...options, pin: "24" })).toMatchObject({ type: "pin-too-short" });
    expect(await ledger.enrol(`${code}x`, options)).toMatchObject({ type: "unknown-enrolment-code" });
    ledger.setOffline(true);
    expect(await ledger.enrol(code, options)).toMatchObject({ type: "offline" });
    ledger.setOffline(false);
    expect(ledger.state.device.value).toBeNull();
    expect(await ledger.enrol(code, options)).toStrictEqual({ ok: true, person: "liu", name: "LIU" });
    expect(await ledger.enrol(code, options)).toMatchObject({ type: "unknown-enrolment-code" });
  });

  it("leaves on the phone two keys that nobody can read", async () => {
    const { disk } = await world.phone();
    const { dump } = await import("./ledger-world.ts");
    const meta = new Map((await dump(disk.name)).get("meta"));
    const device = meta.get("device") as { key: CryptoKey; secret: CryptoKey };
    await expect(crypto.subtle.exportKey("jwk", device.key)).rejects.toThrow();
    await expect(crypto.subtle.exportKey("raw", device.secret)).rejects.toThrow();
  });
});
