/** The server's JSON answers, read at the edge: a field that is not there is not known. Pure. */

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};

const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

const word = (value: unknown): string => (typeof value === "string" ? value : "");
const wholeOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);

export interface Contact {
  readonly id: string;
  readonly lastMs: number | null;
  /** Ops that the phone still held when it last called. */
  readonly pending: number | null;
  /** Stretches of its ops that wait on the server for a predecessor. */
  readonly waiting: number;
  readonly clockOffMs: number | null;
  /** Names, texts and documents of its ops that never arrived. */
  readonly missing: number;
  /** When it last called it held nothing that is not on the server in full. */
  readonly isSafe: boolean;
}

/** By device. */
export const readContacts = (body: unknown): ReadonlyMap<string, Contact> =>
  new Map(
    listOf(body).map((row) => {
      const id = word(row["id"]);
      const contact = {
        id,
        lastMs: wholeOrNull(row["last_sync"]),
        pending: wholeOrNull(row["pending"]),
        waiting: listOf(row["waiting"]).length,
        clockOffMs: wholeOrNull(row["clock_off"]),
        missing: (wholeOrNull(row["missing_values"]) ?? 0) + (wholeOrNull(row["missing_evidence"]) ?? 0),
        isSafe: row["is_safe"] === true,
      };
      return [id, contact] as const;
    }),
  );

/** What a restored server lacks. */
export interface Recovery {
  readonly missing: number;
  readonly back: number;
  /** Names of the phones that have not called since. */
  readonly silent: readonly string[];
}

/** Null: it lacks nothing. */
export const readRecovery = (body: unknown): Recovery | null => {
  const told = fieldsOf(body);
  if (told["is_recovering"] !== true) return null;
  const silent = listOf(told["devices"])
    .filter((row) => row["has_called"] !== true)
    .map((row) => word(row["name"]));
  return { missing: wholeOrNull(told["missing"]) ?? 0, back: wholeOrNull(told["back"]) ?? 0, silent };
};

/** Bytes that the server keeps though nobody can read them here, or not yet. */
export interface UnreadFrame {
  readonly hash: string;
  readonly uploaderName: string;
  /** The device that they claim to be of; empty where that cannot be read. */
  readonly device: string;
  readonly code: string;
  readonly size: number;
  readonly arrivedMs: number;
}

export const readUnread = (body: unknown): readonly UnreadFrame[] =>
  listOf(fieldsOf(body)["frames"]).map((row) => ({
    hash: word(row["hash"]),
    uploaderName: word(row["uploader_name"]),
    device: word(row["device"]),
    code: word(row["code"]),
    size: wholeOrNull(row["size"]) ?? 0,
    arrivedMs: wholeOrNull(row["arrived"]) ?? 0,
  }));

export interface BalanceThen {
  readonly item: string;
  readonly lot: string;
  readonly place: string;
  readonly q: number;
  readonly w: number;
}

export const readBalances = (body: unknown): readonly BalanceThen[] =>
  listOf(fieldsOf(body)["lines"]).map((row) => ({
    item: word(row["item"]),
    lot: word(row["lot"]),
    place: word(row["place"]),
    q: wholeOrNull(row["q"]) ?? 0,
    w: wholeOrNull(row["w"]) ?? 0,
  }));

export interface NewCode {
  readonly url: string;
  readonly expiresMs: number;
}

export const readCode = (body: unknown): NewCode | null => {
  const { url, expires_ms: expires } = fieldsOf(body);
  return typeof url === "string" ? { url, expiresMs: wholeOrNull(expires) ?? 0 } : null;
};
