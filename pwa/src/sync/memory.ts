/**
 * What a page holds of the ledger in memory, and how it is read from the database. Everything here can be read
 * again at any time: the database is the truth, and `version` tells whether another tab has changed it.
 */
import type { IDBPTransaction } from "idb";
import type { Acknowledgement } from "../codec/acknowledgement.ts";
import { type Bytes, isEqual, toHex } from "../codec/bytes.ts";
import { isMalformed } from "../codec/msgpack.ts";
import { decodeOp, leafHash, nothingSeen, type Seen } from "../codec/op.ts";
import { compareText } from "../domain/text-order.ts";
import type {
  Database,
  Schema,
  StagedSnapshot,
  Store,
  StoredChunk,
  StoredEpoch,
  StoredOp,
  StoredPerson,
} from "../storage/database.ts";
import { type Chunk, type KeyedRows, openChunk } from "./layered-rows.ts";
import type { Epoch, Recorded } from "./outbox.ts";
import { type Bases, rowsOf } from "./row-chunks.ts";
import { adopt, freshClock, type Setting, UNSET } from "./phone-clock.ts";
import type { Identity, Phone } from "./phone.ts";
import type { SyncReply } from "./wire.ts";

/** Written once, at enrolment. Neither key can leave the browser. */
export interface Device extends Identity {
  readonly name: string;
  readonly server: string;
  readonly utcOffsetMinutes: number;
  readonly key: CryptoKey;
  readonly publicKey: Bytes;
  /** The device secret, as an HMAC key. */
  readonly secret: CryptoKey;
  readonly logKey: string;
  /** 65 bytes: what the server's device signs by. A server of an earlier version did not say it. */
  readonly serverKey?: Bytes;
}

/** Records of the store `meta`, by key. */
export interface Meta {
  /** Grows with every transaction that changes what pages hold in memory. */
  readonly version: number;
  /** Grows with every change of rows. */
  readonly rows: number;
  readonly device: Device;
  readonly chain: { readonly prev: Bytes; readonly clonesFound: number };
  readonly clock: { readonly setting: Setting; readonly runs: number };
  readonly session: Session | null;
  readonly pull: Pull;
  readonly problems: readonly FrameProblem[];
  readonly evidenceProblems: readonly EvidenceProblem[];
  /** Names of evidence that a restored server may have lost, and that did not go up again yet. */
  readonly resend: readonly string[];
  /** The key of an enrolment whose answer may be lost: the server takes its code again from the same key. */
  readonly joining: Joining;
  /** What this phone carries or carried for others, the oldest first. */
  readonly carried: readonly Carried[];
  /** What the server signed last about this device: verified when it was stored. */
  readonly acknowledged: Acknowledged;
  /** The server's key, where the answer to the enrolment did not hold it. */
  readonly serverKey: Bytes;
  /** The demo's switch, for the service worker, which sees no page's own store. */
  readonly offline: boolean;
}

export interface Joining {
  readonly code: string;
  readonly key: CryptoKey;
  readonly publicKey: Bytes;
}

export interface Session {
  readonly id: Bytes;
  readonly person: string;
  readonly expiresMs: number;
}

export interface Pull {
  readonly cursor: number;
  readonly seen: Seen;
  readonly logSize: number;
  readonly checkpoint: string;
  readonly buckets: readonly string[];
  readonly page: Uint8Array | null;
  /** When the last pull was applied, server time. */
  readonly lastSyncAt: number | null;
  /** The server was restored from a backup that ends here (server time), and logs nothing yet. */
  readonly restoredMs?: number | null;
  /** At the last reply the server had less than it had before. */
  readonly isBehind?: boolean;
  /** When it was heard last that the server was restored (server time): what it signed earlier counts no more. */
  readonly believedFromMs?: number;
  /** What a confirmed backup holds of this device's ops. */
  readonly covered?: SyncReply["covered"];
}

/** Ops whose bytes the server refused. */
export interface FrameProblem {
  readonly epoch: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly code: string;
  readonly detail: string;
}

/** Evidence that the server refused: it is tried again, less and less often. */
export interface EvidenceProblem {
  readonly sha256: string;
  readonly code: string;
  readonly detail: string;
  readonly refusals: number;
  /** Wall clock. */
  readonly refusedAtMs: number;
}

/** The work of another device on its way through this one. */
export interface Carried {
  /** Hex. */
  readonly device: string;
  /** Names of its frames that are still here. */
  readonly frames: readonly string[];
  /** Its ops that came by here, by epoch: apart and in order. */
  readonly ops: readonly (readonly [epoch: number, first: number, last: number])[];
  /** Server time as estimated. */
  readonly takenMs: number;
  /** When the last of them was taken by the server. */
  readonly sentMs: number | null;
  /** Why the server has not, or not yet, taken some of it. */
  readonly problem: { readonly code: string; readonly detail: string } | null;
  /** What the server signed about the device since, and whether its log held all of this then. */
  readonly acknowledgement: Bytes | null;
  readonly isInLog: boolean;
}

/** What the server signed about this device. */
export interface Acknowledged {
  readonly bytes: Bytes;
  readonly value: Acknowledgement;
}

/** Table → bucket → key → value. */
export type Rows = ReadonlyMap<string, ReadonlyMap<string, KeyedRows>>;

export interface Memory {
  readonly version: number;
  readonly rowsVersion: number;
  readonly rows: Rows;
  readonly bases: Bases;
  /** Snapshots that are being fetched, in the order in which they are wanted. */
  readonly staged: readonly StagedSnapshot[];
  /** Names of the chunks of snapshots that are in the database. */
  readonly chunks: ReadonlySet<string>;
  readonly device: Device | null;
  /** Null exactly when `device` is. */
  readonly phone: Phone | null;
  /** `n` of the last op in the database. */
  readonly count: number;
  readonly session: Session | null;
  readonly people: ReadonlyMap<string, StoredPerson>;
  readonly pull: Pull;
  readonly problems: readonly FrameProblem[];
  /** Names of frames that are carried for others. */
  readonly relayed: readonly string[];
  readonly carried: readonly Carried[];
  /** Null also where it is about the device that this phone was before. */
  readonly acknowledged: Acknowledged | null;
  /** Names of evidence that is not uploaded. */
  readonly evidence: readonly string[];
  readonly evidenceProblems: readonly EvidenceProblem[];
}

const noPull = (): Pull => ({
  cursor: -1,
  seen: nothingSeen(),
  logSize: 0,
  checkpoint: "",
  buckets: [],
  page: null,
  lastSyncAt: null,
});

export const emptyMemory = (): Memory => ({
  version: -1,
  rowsVersion: -1,
  rows: new Map(),
  bases: new Map(),
  staged: [],
  chunks: new Set(),
  device: null,
  phone: null,
  count: 0,
  session: null,
  people: new Map(),
  pull: noPull(),
  problems: [],
  relayed: [],
  carried: [],
  acknowledged: null,
  evidence: [],
  evidenceProblems: [],
});

const recorded = ({ data, values, note }: StoredOp): Recorded => {
  const bytes = data as Bytes;
  return { op: decodeOp(bytes), data: bytes, hash: leafHash(bytes), values, note };
};

/** Entries of the epochs that were in memory are kept: the store of ops only ever grows. */
const epochsOf = (
  stored: readonly StoredEpoch[],
  fresh: readonly StoredOp[],
  known: readonly Epoch[],
): Epoch[] => {
  const epochs = [...stored]
    .sort((a, b) => a.order - b.order)
    .map(({ epoch, ackedTo, settled, forked }): Epoch => {
      const before = known.find((other) => other.number === epoch);
      // What is no more was forgotten: the first op that there is tells where the epoch begins now.
      const firstSeq = before?.firstSeq ?? fresh.find((op) => op.epoch === epoch)?.seq ?? 1;
      return { number: epoch, firstSeq, entries: [...(before?.entries ?? [])], ackedTo, settled, forked };
    });
  const byNumber = new Map(epochs.map((epoch) => [epoch.number, epoch]));
  for (const op of fresh) byNumber.get(op.epoch)?.entries.push(recorded(op));
  return epochs;
};

/** What the database holds, by one consistent read; what `before` holds already is not read again. */
export const readMemory = async (db: Database, before: Memory): Promise<Memory> => {
  const tx = db.transaction(
    ["meta", "ops", "epochs", "rows", "people", "relayed", "evidence", "bases", "staged", "snapshotChunks"],
    "readonly",
  );
  const meta = tx.objectStore("meta");
  const get = async <K extends keyof Meta>(key: K): Promise<Meta[K] | undefined> =>
    (await meta.get(key)) as Meta[K] | undefined;
  const [version = 0, rowsVersion = 0, device = null] = [
    await get("version"),
    await get("rows"),
    await get("device"),
  ];
  const isSameDevice = device !== null && before.device !== null && isSame(device, before.device);
  const since = isSameDevice ? before.count : 0;
  const id = device === null ? "" : toHex(device.device);
  const [
    chain,
    clock,
    session,
    pull,
    problems,
    epochs,
    ops,
    people,
    relayed,
    evidence,
    evidenceProblems,
    resend,
    carried,
    acknowledged,
    rows,
    staged,
    chunks,
    bases,
  ] = await Promise.all([
    get("chain"),
    get("clock"),
    get("session"),
    get("pull"),
    get("problems"),
    tx.objectStore("epochs").getAll(IDBKeyRange.bound([id], [id, []])),
    tx.objectStore("ops").getAll(IDBKeyRange.lowerBound(since, true)),
    tx.objectStore("people").getAll(),
    tx.objectStore("relayed").getAllKeys(),
    tx.objectStore("evidence").index("uploaded").getAllKeys(0),
    get("evidenceProblems"),
    get("resend"),
    get("carried"),
    get("acknowledged"),
    rowsVersion === before.rowsVersion ? null : tx.objectStore("rows").getAll(),
    tx.objectStore("staged").getAll(),
    tx.objectStore("snapshotChunks").getAllKeys(),
    rowsVersion === before.rowsVersion ? before.bases : readBases(tx, before.bases),
    tx.done,
  ]);
  const { setting = UNSET, runs = 0 } = clock ?? {};
  const read = rows === null ? before.rows : bases === null ? null : readable(rows, bases);
  // Chunks that cannot be read are copies of what the server has: they are pulled anew, and nothing else stops.
  const applied =
    read === null
      ? { ...noPull(), ...pull, cursor: -1, buckets: [], page: null, lastSyncAt: null }
      : (pull ?? noPull());
  const known = isSameDevice ? (before.phone?.epochs ?? []) : [];
  const phone: Phone | null =
    device === null || chain === undefined
      ? null
      : {
          identity: device,
          clock: before.phone === null ? freshClock(setting) : adopt(before.phone.clock, setting),
          runs: Math.max(runs, before.phone?.runs ?? 0),
          epochs: epochsOf(
            epochs,
            ops.filter((op) => op.device === id),
            known,
          ),
          prev: chain.prev,
          seen: applied.seen,
          session: session?.id ?? new Uint8Array(0),
          cursor: applied.cursor,
          page: applied.page,
          logSize: applied.logSize,
          checkpoint: applied.checkpoint,
          clonesFound: chain.clonesFound,
        };
  return {
    version,
    rowsVersion,
    rows: read ?? new Map(),
    bases: (read === null ? null : bases) ?? new Map(),
    staged: inOrder(staged),
    chunks: new Set(chunks),
    device,
    phone,
    count: ops.at(-1)?.n ?? since,
    session: session ?? null,
    people: new Map(people.map((person) => [person.id, person])),
    pull: applied,
    problems: problems ?? [],
    relayed,
    carried: carried ?? [],
    acknowledged: isAbout(device, acknowledged) ? acknowledged : null,
    evidence: [...new Set([...evidence, ...(resend ?? [])])],
    evidenceProblems: evidenceProblems ?? [],
  };
};

const isAbout = (device: Device | null, said: Acknowledged | undefined): said is Acknowledged =>
  device !== null && said !== undefined && isEqual(said.value.device, device.device);

const isSame = (a: Identity, b: Identity): boolean => toHex(a.device) === toHex(b.device);

const readable = (chunks: readonly StoredChunk[], bases: Bases): Rows | null => {
  try {
    return rowsOf(chunks, bases);
  } catch (error) {
    if (isMalformed(error)) return null;
    throw error;
  }
};

type Reading = IDBPTransaction<Schema, Store[]>;

/** The chunks that buckets stand on; null: one is missing. Those that are in memory already are not read again. */
const readBases = async (tx: Reading, before: Bases): Promise<Bases | null> => {
  const known = new Map([...before.values()].flat().map((chunk) => [chunk.stored.name, chunk]));
  const stored = await tx.objectStore("bases").getAll();
  const read = async (name: string): Promise<Chunk | null> => {
    const there = known.get(name);
    if (there !== undefined && !there.isDamaged()) return there;
    const chunk = await tx.objectStore("snapshotChunks").get(name);
    return chunk === undefined ? null : openChunk(chunk);
  };
  const bases = new Map<string, readonly Chunk[]>();
  for (const { bucket, names } of stored) {
    const chunks = await Promise.all(names.map(read));
    const there = chunks.filter((chunk) => chunk !== null);
    if (there.length < chunks.length) return null;
    bases.set(bucket, there);
  }
  return bases;
};

/** Snapshots in the order in which they are wanted. */
export const inOrder = (staged: readonly StagedSnapshot[]): readonly StagedSnapshot[] =>
  [...staged].sort((a, b) => rankOf(a.bucket) - rankOf(b.bucket) || compareText(a.bucket, b.bucket));

/** The catalogue comes first: without it the rest says little. */
const rankOf = (bucket: string): number => (bucket === "org" ? 0 : bucket === "desk" ? 2 : 1);
