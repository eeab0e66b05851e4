/** What an enrolment needs before the server is asked, and what its answers mean. Pure. */
import type { PlainKey } from "../../i18n/i18n.ts";
import type { EnrolResult } from "../../sync/ledger-types.ts";

const CODE = /^gobi:enrol:(https?:\/\/[^#\s]+)#([^\s#]+)$/i;

export interface EnrolmentCode {
  /** As the QR holds it. */
  readonly url: string;
  readonly server: string;
}

/** The text of the QR, or a link to this app that carries it in `u`. */
export const readEnrolment = (text: string): EnrolmentCode | null => {
  const trimmed = text.trim();
  const direct = CODE.exec(trimmed);
  if (direct?.[1] !== undefined) return { url: trimmed, server: direct[1].replace(/\/+$/, "") };
  const query = /[?&]u=([^&]+)/.exec(trimmed)?.[1];
  if (query === undefined) return null;
  try {
    const inner = decodeURIComponent(query);
    const match = CODE.exec(inner);
    return match?.[1] === undefined ? null : { url: inner, server: match[1].replace(/\/+$/, "") };
  } catch {
    return null;
  }
};

/** A code that was typed goes to the server that this page came from. */
export const enrolmentOf = (text: string, origin: string): EnrolmentCode | null => {
  const read = readEnrolment(text);
  if (read !== null) return read;
  const code = text.trim();
  return /^[A-Za-z0-9_-]{6,64}$/.test(code) ? { url: `gobi:enrol:${origin}#${code}`, server: origin } : null;
};

export const ENROL_REFUSALS: Readonly<Record<Extract<EnrolResult, { ok: false }>["type"], PlainKey>> = {
  "not-an-enrolment-code": "enrol.notACode",
  "unknown-enrolment-code": "enrol.unknownCode",
  offline: "enrol.offline",
  refused: "enrol.refused",
  "pin-too-short": "enrol.pinTooShort",
};
