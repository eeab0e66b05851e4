/** Whose phone this is, and who is signed in, as far as the rows tell. */
import { toHex } from "../codec/bytes.ts";
import type { SignedIn } from "./ledger-types.ts";
import type { Memory, Session } from "./memory.ts";
import { serverMs } from "./phone-clock.ts";

/** Session ops need no session; everything else is somebody's. */
export const liveSession = ({ session, phone }: Memory, wallMs: number): Session | null =>
  session !== null && phone !== null && serverMs(phone.clock, wallMs) < session.expiresMs ? session : null;

/** Who is signed in at this instant, as far as the rows tell. */
export const signedIn = (memory: Memory, wallMs: number): SignedIn | null => {
  const session = liveSession(memory, wallMs);
  if (session === null || memory.phone === null) return null;
  const now = serverMs(memory.phone.clock, wallMs);
  const roles = new Set<string>();
  for (const keys of memory.rows.get("grant")?.values() ?? []) {
    for (const value of keys.values()) {
      if (!Array.isArray(value)) continue;
      const [person, role, , from, until] = value as readonly unknown[];
      const isLive = (typeof from !== "number" || from <= now) && (typeof until !== "number" || now < until);
      if (person === session.person && typeof role === "string" && isLive) roles.add(role);
    }
  }
  const name = memory.people.get(session.person)?.name ?? session.person;
  return { id: session.person, name, roles: [...roles].sort(), expiresMs: session.expiresMs };
};

export const deviceInfo = ({ device }: Memory) =>
  device === null
    ? null
    : {
        id: toHex(device.device),
        org: device.org,
        name: device.name,
        server: device.server,
        utcOffsetMinutes: device.utcOffsetMinutes,
      };
