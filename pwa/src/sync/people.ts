/** Who may act on this phone: PINs and the sessions that they open. */
import type { StoredPerson } from "../storage/database.ts";
import type { Core } from "./core.ts";
import type { AddPersonResult, SignInResult } from "./ledger-types.ts";
import { serverMs } from "./phone-clock.ts";
import { isLocked, isLongEnough, isPin, personWithPin, triesLeft, withTry } from "./pin.ts";
import { sessionBeside } from "./recording.ts";
import { liveSession } from "./who.ts";

/** A shift, and some overtime: then the PIN again. */
export const SESSION_MS = 12 * 3_600_000;
const NONCE_BYTES = 16;

const refusal = (person: StoredPerson, type: "locked" | "wrong-pin"): SignInResult => ({
  ok: false,
  type: triesLeft(person) === 0 ? "locked" : type,
  triesLeft: triesLeft(person),
  retryAtMs: person.lockedUntilMs,
});

const store = ({ keeper }: Core, person: StoredPerson): Promise<null> =>
  keeper.commit(async (memory) => ({
    stores: ["people"],
    durability: "strict",
    put: (tx) => tx.objectStore("people").put(person),
    after: () => ({ ...memory, people: new Map(memory.people).set(person.id, person) }),
    result: null,
  }));

/** Counts the try before the PIN is looked at: a phone that is switched off in between has had it all the same. */
const takeTry = async ({ keeper, ports }: Core, id: string): Promise<StoredPerson | SignInResult> => {
  let refused: SignInResult = { ok: false, type: "unknown-person" };
  const tried = await keeper.commit<StoredPerson>(async (memory) => {
    const person = memory.people.get(id);
    if (person === undefined) return null;
    if (isLocked(person, ports.wallMs())) {
      refused = refusal(person, "locked");
      return null;
    }
    const tried = withTry(person, ports.wallMs());
    return {
      stores: ["people"],
      durability: "strict",
      put: (tx) => tx.objectStore("people").put(tried),
      after: () => ({ ...memory, people: new Map(memory.people).set(id, tried) }),
      result: tried,
    };
  });
  return tried ?? refused;
};

export const signIn = async (core: Core, id: string, pin: string): Promise<SignInResult> => {
  const { device, phone } = core.keeper.memory();
  if (device === null || phone === null) return { ok: false, type: "not-enrolled" };
  const tried = await takeTry(core, id);
  if ("ok" in tried) return tried;
  if (!(await isPin(tried, pin))) return refusal(tried, "wrong-pin");
  const cleared: StoredPerson = { ...tried, failures: 0, lockedUntilMs: 0 };
  const expiresMs = serverMs(phone.clock, core.ports.wallMs()) + SESSION_MS;
  const session = sessionBeside(id, expiresMs);
  const nonce = core.ports.randomBytes(NONCE_BYTES);
  await core.record(
    "session",
    { person: id, expiresMs, nonce, assurance: "device" },
    {},
    {
      stores: ["people"],
      put: async (tx, entry) => Promise.all([session.put(tx, entry), tx.objectStore("people").put(cleared)]),
      after: (memory, entry) => ({
        ...session.after(memory, entry),
        people: new Map(memory.people).set(id, cleared),
      }),
    },
  );
  return { ok: true };
};

export const signOut = async ({ keeper }: Core): Promise<void> => {
  await keeper.commit(async (memory) => ({
    stores: [],
    durability: "strict",
    put: (tx) => tx.objectStore("meta").put(null, "session"),
    after: () => ({
      ...memory,
      session: null,
      phone: memory.phone === null ? null : { ...memory.phone, session: new Uint8Array(0) },
    }),
    result: null,
  }));
};

export const addPerson = async (
  core: Core,
  id: string,
  name: string,
  pin: string,
): Promise<AddPersonResult> => {
  const memory = core.keeper.memory();
  if (memory.device === null) return { ok: false, type: "not-enrolled" };
  const isFirst = memory.people.size === 0;
  if (!isFirst && liveSession(memory, core.ports.wallMs()) === null) return { ok: false, type: "signed-out" };
  // Whoever is signed in must not give another's place here a PIN of their own.
  if (memory.people.has(id)) return { ok: false, type: "person-there" };
  if (!isLongEnough(pin)) return { ok: false, type: "pin-too-short" };
  const { pinIterations, randomBytes } = core.ports;
  await store(core, await personWithPin({ id, name, pin }, pinIterations, randomBytes));
  return { ok: true };
};
