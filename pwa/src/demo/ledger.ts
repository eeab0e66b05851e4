/** What the demo's server tells of its ledger, and how far the story has come. */

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);
const word = (value: unknown): string => (typeof value === "string" ? value : "");
const whole = (value: unknown): number => (typeof value === "number" ? value : 0);

/** One text in both languages. */
export interface Both {
  readonly zh: string;
  readonly en: string;
}

export interface DemoLedger {
  readonly size: number;
  readonly checkpoint: string;
  readonly isPlaying: boolean;
  readonly balances: readonly {
    readonly key: string;
    readonly item: string;
    readonly lot: string;
    readonly place: string;
    readonly where: Both;
    readonly amount: Both;
    readonly held: boolean;
    readonly q: number;
  }[];
  readonly variances: readonly (Both & {
    readonly key: string;
    readonly item: string;
    readonly lot: string;
    readonly dq: number;
  })[];
  readonly exceptions: readonly (Both & { readonly id: string; readonly code: string })[];
  readonly ops: readonly {
    readonly index: number;
    readonly kind: string;
    readonly who: Both;
    readonly at: string;
    readonly uploaded: string;
    readonly verdict: string;
    readonly hash: string;
  }[];
}

const both = (row: Fields, name: string): Both => ({
  zh: word(row[`${name}_zh`]),
  en: word(row[`${name}_en`]),
});

export const readLedger = (body: unknown): DemoLedger => {
  const fields = fieldsOf(body);
  return {
    size: whole(fields["log_size"]),
    checkpoint: word(fields["checkpoint"]),
    isPlaying: fields["is_playing"] === true,
    balances: listOf(fields["balances"]).map((row) => ({
      key: [row["item"], row["lot"], row["place"]].map(word).join("|"),
      item: word(row["item"]),
      lot: word(row["lot"]),
      place: word(row["place"]),
      where: both(row, "place"),
      amount: both(row, "amount"),
      held: row["held"] !== null && row["held"] !== undefined,
      q: whole(row["q"]),
    })),
    variances: listOf(fields["variances"]).map((row) => ({
      key: word(row["key"]),
      item: word(row["item"]),
      lot: word(row["lot"]),
      dq: whole(row["dq"]),
      zh: word(row["zh"]),
      en: word(row["en"]),
    })),
    exceptions: listOf(fields["exceptions"])
      .filter((row) => row["state"] === "open")
      .map((row) => ({
        id: word(row["id"]),
        code: word(row["code"]),
        zh: word(row["zh"]),
        en: word(row["en"]),
      })),
    ops: listOf(fields["ops"]).map((row) => ({
      index: whole(row["index"]),
      kind: word(row["kind"]),
      who: both(row, "person"),
      at: word(row["at"]),
      uploaded: word(row["uploaded"]),
      verdict: word(row["verdict"]),
      hash: word(row["hash"]),
    })),
  };
};

/** What a phone in its frame tells of itself. */
export interface PhoneState {
  readonly enrolled: boolean;
  readonly signedIn: boolean;
  readonly pending: number;
  readonly offline: boolean;
  /** It belongs to a ledger that this server no longer has. */
  readonly isStranger: boolean;
}

export const readPhone = (data: unknown): PhoneState | null => {
  const fields = fieldsOf(data);
  if (fields["type"] !== "gobi/demo-state") return null;
  return {
    enrolled: fields["enrolled"] === true,
    signedIn: typeof fields["signedIn"] === "string",
    pending: whole(fields["pending"]),
    offline: fields["offline"] === true,
    isStranger: fields["stranger"] === true,
  };
};

export type Step = 1 | 2 | 3 | 4 | 5 | 6;

/** Lot 1123 of the tomato boxes: the one that the story is about. */
const ofStory = ({ item, lot }: { readonly item: string; readonly lot: string }): boolean =>
  item === "TOM-5" && lot === "1123";

/** The step that is to be done now; 6: the story is told. Whatever order people choose, it never asks for what is done. */
export const stepNow = (ledger: DemoLedger, liu: PhoneState | null, zhang: PhoneState | null): Step => {
  const variance = ledger.variances.find(ofStory);
  if (variance !== undefined) return variance.dq === -1 ? 6 : 5;
  const picked =
    (liu?.pending ?? 0) > 0 || ledger.balances.some((row) => ofStory(row) && row.place === "T1-3");
  if ((zhang?.pending ?? 0) > 0) return picked ? 4 : 2;
  if (picked) return 3;
  return liu?.offline === true && zhang?.offline === true ? 2 : 1;
};
