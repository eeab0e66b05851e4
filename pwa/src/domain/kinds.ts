/**
 * The body of every kind of op, typed: docs/protocol/operations.md §4. Twin of `domain/kinds.py`.
 *
 * What an op does to stock is in `lowering.ts`; who may record it is the server's verdict.
 */
import type { Value } from "../codec/msgpack.ts";
import {
  anything,
  bool,
  bytes,
  type In,
  list,
  matching,
  misfit,
  natural,
  nullable,
  oneOf,
  optional,
  type Out,
  type Shape,
  struct,
  text,
  tuple,
  whole,
} from "./shape.ts";

const id = text(1, 64);
/** The empty string means «none» (a lot) or «the kind's own account» (a place). */
const idOrNone = text(0, 64);
const words = text(0, 1000);
const day = matching(/^\d{4}-\d{2}-\d{2}$/);
const digest = bytes(32);
const device = bytes(16);
const publicKey = bytes(65);
const idOrNull = nullable(id);
const grams = nullable(natural);

/** Bit 0 of a line's flags: its weight was not measured. */
export const ESTIMATED = 1;

export const lineShape = struct({
  item: id,
  lot: idOrNone,
  from: idOrNone,
  to: idOrNone,
  qty: natural,
  weight: optional(grams, null),
  flags: optional(natural, 0),
  typed: optional(nullable(tuple(words, words)), null),
  weighing: optional(nullable(tuple(natural, natural, idOrNone, natural)), null),
  serials: optional(nullable(list(id)), null),
});
/** One movement of one item and lot between two places; quantities are never negative. */
export type Line = Out<typeof lineShape>;
export type LineDraft = In<typeof lineShape>;

const countLineShape = struct({
  item: id,
  lot: nullable(idOrNone),
  qty: grams,
  weight: optional(grams, null),
  beforeMs: optional(natural, 0),
});
/** What somebody saw of one item, `beforeMs` before the op was closed. */
export type CountLine = Out<typeof countLineShape>;

const unmovedShape = struct({
  item: id,
  lot: idOrNone,
  place: id,
  qty: natural,
  weight: optional(grams, null),
  reason: optional(words, ""),
});

const settleLineShape = struct({
  named: nullable(natural),
  item: id,
  lot: idOrNone,
  qty: natural,
  weight: grams,
  unitPrice: natural,
  unit: id,
  deductionG: optional(natural, 0),
  reason: optional(words, ""),
});

const lines = list(lineShape);
const unmoved = optional(list(unmovedShape), []);
const attributes = list(tuple(id, anything));
const lots = optional(list(tuple(id, id, attributes)), []);
const lotRefs = list(tuple(id, id));
const side = oneOf("buy", "sell");
const role = id;
/** A person or role by its id, a device by its bytes. */
const wordsOrBytes: Shape<string | Uint8Array> = {
  read: (value) => (value instanceof Uint8Array ? value : words.read(value)),
  write: (value) => value,
};

/** Fields of each kind, after `occurred, names`. */
const FIELDS = {
  receive: struct({ partner: id, order: idOrNull, lines, lots, complete: optional(bool, false) }),
  move: struct({ task: idOrNull, lines, lpns: optional(list(tuple(id, id)), []) }),
  pick: struct({ order: idOrNull, task: idOrNull, lines }),
  ship: struct({ order: idOrNull, vehicle: idOrNull, lines }),
  deliver: struct({
    partner: id,
    order: idOrNull,
    receiver: nullable(
      tuple(oneOf("glass", "device", "form"), nullable(natural), nullable(natural), nullable(digest)),
    ),
    lines,
    refused: unmoved,
    missing: unmoved,
  }),
  return: struct({ partner: id, order: idOrNull, reason: words, lines }),
  adjust: struct({ reason: words, lines, lots }),
  dispose: struct({ reason: words, lines }),
  finish: struct({ item: id, lot: idOrNone, place: id }),
  count: struct({
    place: id,
    items: nullable(list(id)),
    complete: bool,
    shown: bool,
    lines: list(countLineShape),
    task: optional(idOrNull, null),
  }),
  pack: struct({ lpn: id, place: id, lines }),
  unpack: struct({ lpn: id, lines }),
  weigh: struct({ weights: list(tuple(natural, natural)) }),
  harvest: struct({ plot: id, lines, lots }),
  farm_work: struct({
    plots: list(id),
    work: words,
    inputs: list(tuple(words, words, words, words, nullable(natural))),
    startedOn: day,
    stoppedOn: day,
  }),
  transform: struct({ process: words, inputs: lines, outputs: lines, waste: optional(lines, []), lots }),
  test_result: struct({
    lots: lotRefs,
    lab: words,
    reportNo: words,
    verdict: oneOf("pass", "fail"),
    analytes: optional(list(tuple(words, words, words, words, words)), []),
    report: optional(nullable(digest), null),
    validUntil: optional(nullable(day), null),
  }),
  inspect: struct({
    item: id,
    lot: idOrNone,
    place: idOrNull,
    verdict: oneOf("ok", "damaged", "reject"),
    findings: optional(words, ""),
  }),
  hold: struct({
    item: idOrNone,
    lot: idOrNone,
    place: idOrNull,
    state: oneOf("inspect", "hold", "reject", "recall"),
    reason: words,
    interval: optional(nullable(tuple(whole, whole)), null),
    evidence: optional(nullable(digest), null),
    version: optional(natural, 0),
  }),
  recall: struct({ lots: lotRefs, reason: words }),
  label: struct({ item: id, lot: idOrNone, serials: list(id) }),
  offer: struct({ to: id, order: idOrNull, lines }),
  take: struct({ lines, refused: unmoved, missing: unmoved }),
  price: struct({ item: id, partner: idOrNull, side, unitPrice: natural, unit: id, fromOn: day }),
  payment: struct({
    partner: id,
    direction: oneOf("in", "out"),
    amountFen: natural,
    method: optional(words, ""),
  }),
  settle: struct({ partner: id, side, lines: list(settleLineShape), roundingFen: optional(whole, 0) }),
  order: struct({ order: id, partner: id, side, dueOn: day, lines: list(tuple(id, natural, grams)) }),
  task: struct({
    task: id,
    work: oneOf("pick", "count", "move", "receive"),
    assignee: idOrNull,
    order: idOrNull,
    lines,
    place: optional(idOrNull, null),
  }),
  reserve: struct({ order: idOrNull, lines, untilMs: whole, device: optional(nullable(device), null) }),
  approve: struct({
    item: id,
    lot: idOrNone,
    place: id,
    qty: whole,
    weight: optional(nullable(whole), null),
  }),
  release: struct({ note: optional(words, "") }),
  certificate: struct({
    number: id,
    lots: lotRefs,
    product: words,
    qty: natural,
    weight: grams,
    basis: words,
    promiser: words,
  }),
  resolve: struct({
    verdict: oneOf("accepted", "refused"),
    note: optional(words, ""),
    exception: optional(nullable(words), null),
  }),
  set: struct({
    table: oneOf("item", "place", "partner", "person", "lot", "rule", "vehicle"),
    id: text(1, 129),
    attributes,
  }),
  tag: struct({ table: id, id, tag: id, on: bool }),
  close: struct({ periodEndMs: whole }),
  void: struct({ reason: words }),
  attach: struct({ sha256: digest, mediaType: id, size: natural, role: optional(role, "photo") }),
  sign: struct({ credential: bytes(), authenticatorData: bytes(), clientData: bytes(), signature: bytes() }),
  session: struct({
    person: id,
    expiresMs: whole,
    nonce: bytes(),
    assurance: oneOf("passkey", "device", "form"),
    proof: optional(nullable(bytes()), null),
  }),
  grant: struct({
    person: id,
    role,
    places: optional(nullable(list(id)), null),
    fromMs: optional(nullable(whole), null),
    untilMs: optional(nullable(whole), null),
  }),
  revoke: struct({
    what: oneOf("person", "device", "role", "passkey", "sessions"),
    id: wordsOrBytes,
    role: optional(idOrNull, null),
  }),
  genesis: struct({
    name: words,
    key: publicKey,
    logKey: words,
    rootKeys: list(bytes()),
    rootSignatures: list(bytes()),
    witnessPolicy: words,
    admin: tuple(id, words, nullable(bytes())),
    utcOffsetMinutes: whole,
    follows: optional(nullable(tuple(words, natural, bytes(), natural)), null),
  }),
  enrol: struct({
    device,
    key: publicKey,
    name: words,
    person: idOrNull,
    purpose: oneOf("phone", "desk", "server", "shared"),
    was: optional(nullable(bytes()), null),
  }),
  rotate: struct({ device, key: publicKey }),
  sequenced: struct({
    firstIndex: natural,
    serverMs: whole,
    times: list(tuple(whole, natural)),
    verdicts: optional(list(tuple(natural, words, words)), []),
    changes: optional(list(tuple(natural, words, words, whole, natural)), []),
    facts: optional(list(tuple(natural, list(anything))), []),
  }),
  lease: struct({
    device,
    item: id,
    lot: idOrNone,
    place: id,
    qty: natural,
    untilMs: whole,
    forIndex: optional(grams, null),
    word: optional(oneOf("grant", "extend", "recall", "return"), "grant"),
    task: optional(idOrNull, null),
    order: optional(idOrNull, null),
  }),
  lotmap: struct({ day, root: digest, size: natural }),
  credential: struct({
    person: id,
    id: bytes(),
    alg: whole,
    key: bytes(),
    rp: id,
    name: words,
    device: optional(nullable(device), null),
    backedUp: optional(bool, false),
  }),
} as const;

/** The kinds that this version can record and read; others are kept and shown as unknown. */
export type Kind = keyof typeof FIELDS;
/** The fields of a kind as read. */
export type Fields<K extends Kind> = Out<(typeof FIELDS)[K]>;
/** The fields of a kind as written: what has a default may be left out. */
export type Draft<K extends Kind> = In<(typeof FIELDS)[K]>;

export const isKind = (kind: string): kind is Kind => Object.hasOwn(FIELDS, kind);

const occurredShape = nullable(tuple(whole, whole, oneOf("paper", "memory", "form")));
/** From ms, to ms, source: work that is recorded later than it was done. */
export type Occurred = NonNullable<Out<typeof occurredShape>>;

/** A leaf hash of the own log, or one of another organisation's with its origin. */
export type Name = Uint8Array | readonly [origin: string, hash: Uint8Array];
const nameShape: Shape<Name> = {
  read: (value) =>
    value instanceof Uint8Array ? digest.read(value) : tuple(text(0, 1000), digest).read(value),
  write: (value) => value,
};
const namesShape = list(nameShape);

/** Kinds that mean nothing without names[0]. */
const NAMING: ReadonlySet<string> = new Set([
  "weigh",
  "take",
  "approve",
  "release",
  "void",
  "attach",
  "sign",
]);

type Side = "from" | "to";
const BOTH: readonly Side[] = ["from", "to"];
/** Kind → its lines, and the places that each of them states: where the kind has no account of its own. */
const PLACES_TOLD: Readonly<Partial<Record<Kind, Readonly<Record<string, readonly Side[]>>>>> = {
  move: { lines: BOTH },
  pick: { lines: BOTH },
  ship: { lines: BOTH },
  take: { lines: BOTH },
  receive: { lines: ["to"] },
  return: { lines: ["to"] },
  harvest: { lines: ["to"] },
  unpack: { lines: ["to"] },
  deliver: { lines: ["from"] },
  dispose: { lines: ["from"] },
  pack: { lines: ["from"] },
  transform: { inputs: ["from"], outputs: ["to"] },
};

const checkPlaces = (kind: Kind, fields: Readonly<Record<string, unknown>>): void => {
  for (const [field, sides] of Object.entries(PLACES_TOLD[kind] ?? {})) {
    for (const line of fields[field] as readonly Line[]) {
      if (sides.some((each) => line[each] === "")) throw misfit(`${kind}: a line without its place`);
    }
  }
};

/** One case per kind, so that `switch (body.kind)` knows the fields. */
export type Body = {
  readonly [K in Kind]: {
    readonly kind: K;
    readonly occurred: Occurred | null;
    readonly names: readonly Name[];
    readonly fields: Fields<K>;
  };
}[Kind];

/** The body as it stands in the op. */
export const writeBody = <K extends Kind>(
  kind: K,
  fields: Draft<K>,
  names: readonly Name[] = [],
  occurred: Occurred | null = null,
): readonly Value[] => {
  const shape = FIELDS[kind] as unknown as Shape<unknown, Draft<K>>;
  return [
    occurredShape.write(occurred),
    namesShape.write(names),
    ...(shape.write(fields) as readonly Value[]),
  ];
};

/** The typed body, or null when this version does not know the kind. Throws `Misfit` when it does not fit. */
export const readBody = (kind: string, body: readonly Value[]): Body | null => {
  if (!isKind(kind)) return null;
  if (body.length < 2) throw misfit(`${kind}: neither occurred nor names`);
  const names = namesShape.read(body[1] ?? null);
  if (NAMING.has(kind) && names.length === 0) throw misfit(`${kind}: it names no op`);
  const occurred = occurredShape.read(body[0] ?? null);
  const fields = FIELDS[kind].read(body.slice(2));
  checkPlaces(kind, fields);
  return { kind, occurred, names, fields } as Body;
};
