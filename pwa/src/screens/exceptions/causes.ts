/**
 * The cause of an exception as only the server can tell it: who moved what, when, and when it was uploaded. The sentence
 * comes in both languages; without a network the screen does with the facts of the row.
 */
import type { Ledger } from "../../sync/ledger-types.ts";
import type { Exception } from "./inbox.ts";

export interface Told {
  readonly zh: string;
  readonly en: string;
  /** Leaf hash (hex) of the op that an approval, a release or a resolution has to name; null: not known here. */
  readonly hash: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};

const word = (value: unknown): string => (typeof value === "string" ? value : "");

/** The sentences of one exception in the server's list, null when it is not in it. */
export const readCause = (body: unknown, id: string): Omit<Told, "hash"> | null => {
  if (!Array.isArray(body)) return null;
  const row = body.map(fieldsOf).find((each) => each["id"] === id);
  return row === undefined ? null : { zh: word(row["zh"]), en: word(row["en"]) };
};

/** Of the answer to `/api/v1/ops/<index>`. */
export const readHash = (body: unknown): string | null => {
  const hash = word(fieldsOf(fieldsOf(body)["op"])["hash"]);
  return /^[0-9a-f]{64}$/.test(hash) ? hash : null;
};

/** Asks twice: what happened, and the hash of the op that is decided upon, which for all of them is the first one named. */
export const askCause = async (ledger: Ledger, exception: Exception): Promise<Told | null> => {
  const [said, op] = await Promise.all([
    ledger.ask("/api/v1/exceptions?state=all"),
    exception.ops[0] === undefined ? null : ledger.ask(`/api/v1/ops/${String(exception.ops[0])}`),
  ]);
  const cause = said.ok ? readCause(said.body, exception.id) : null;
  const hash = op !== null && op.ok ? readHash(op.body) : null;
  return cause === null && hash === null ? null : { zh: cause?.zh ?? "", en: cause?.en ?? "", hash };
};
