/** What screens see of the ledger on this phone; `ledger.ts` implements it and says how to use it. */
import type { ReadonlySignal } from "@preact/signals";
import type { Value } from "../codec/msgpack.ts";
import type { Package } from "../codec/parts.ts";
import type { Body, Draft, Kind, Name, Occurred } from "../domain/kinds.ts";
import type { Wiped } from "../storage/second-head.ts";
import type { Heard } from "./acknowledged.ts";
import type { Row, Table } from "./rows.ts";

/** The name of an op on this phone: enough to name it in another one. */
export interface OpRef {
  readonly epoch: number;
  readonly seq: number;
  /** Leaf hash, hex. */
  readonly hash: string;
}

export interface DeviceInfo {
  /** Hex. */
  readonly id: string;
  readonly org: string;
  readonly name: string;
  /** Base URL of the server, without a slash at its end. */
  readonly server: string;
  readonly utcOffsetMinutes: number;
}

/** Who is signed in. */
export interface SignedIn {
  readonly id: string;
  readonly name: string;
  /** As far as the rows tell; what a verdict says is the server's. */
  readonly roles: readonly string[];
  readonly expiresMs: number;
}

/** Who may sign in on this phone with a PIN. */
export interface KnownPerson {
  readonly id: string;
  readonly name: string;
  /** Wrong PINs delay the next try: before this instant (ms, wall clock) none is taken. */
  readonly lockedUntilMs: number;
}

/** `synced`: this run has met the server; `estimated`: an earlier one had; `unknown`: the bare wall clock. */
export type ClockTrust = "synced" | "estimated" | "unknown";

/** How the last attempt to reach the server ended. */
export type SyncStatus =
  | { readonly type: "never" | "ok" | "offline" }
  /** The push went through, rows did not: sign in again, or ask the manager. */
  | { readonly type: "no-rows"; readonly code: string }
  | { readonly type: "refused"; readonly status: number; readonly code: string };

export type StorageState = "ok" | "full";

export interface LedgerState {
  /** The log turned out to hold another chain of this device: it needs a new key. */
  readonly copied: ReadonlySignal<boolean>;
  /** The server does not know this device: a restored one lost its enrolment, and a new code brings it back. */
  readonly unjoined: ReadonlySignal<boolean>;
  /** The server was restored from a backup that ends here (server time) and waits for its operator; else null. */
  readonly restoredMs: ReadonlySignal<number | null>;
  /** Null: this phone is not enrolled. */
  readonly device: ReadonlySignal<DeviceInfo | null>;
  /** Null: nobody is signed in, or the session has expired. */
  readonly person: ReadonlySignal<SignedIn | null>;
  readonly people: ReadonlySignal<readonly KnownPerson[]>;
  /** The last attempt reached the server and the browser does not know better. */
  readonly online: ReadonlySignal<boolean>;
  readonly syncing: ReadonlySignal<boolean>;
  readonly syncStatus: ReadonlySignal<SyncStatus>;
  /** Ops that are not yet on the server. */
  readonly pendingCount: ReadonlySignal<number>;
  /** When the oldest of them was recorded (server time as estimated then), or null. */
  readonly pendingSinceMs: ReadonlySignal<number | null>;
  /** When rows were last brought up to date, server time. */
  readonly lastSyncAt: ReadonlySignal<number | null>;
  /** How much of the buckets that are being fetched is here, from 0 to 1; null: nothing is being fetched. */
  readonly loaded: ReadonlySignal<number | null>;
  readonly clockTrust: ReadonlySignal<ClockTrust>;
  readonly storage: ReadonlySignal<StorageState>;
  /** This phone was enrolled and the browser wiped it; null: it was not, or it is enrolled. */
  readonly wiped: ReadonlySignal<Wiped | null>;
  /** Whether the browser promised not to evict what is stored here. */
  readonly persisted: ReadonlySignal<boolean>;
  /** Frames of other phones that wait here for the network. */
  readonly relayedCount: ReadonlySignal<number>;
  /** For whom this phone carries or carried something, the newest first. */
  readonly carried: ReadonlySignal<readonly CarriedFor[]>;
  readonly signedWord: ReadonlySignal<SignedWord | null>;
}

export interface RecordOptions {
  /** Ops that this one names, first the one it is about. */
  readonly names?: readonly (OpRef | Name)[];
  /** Work that is recorded later than it was done. */
  readonly occurred?: Occurred;
  /**
   * Names, phones, free text, positions, signatures: salted digests of them go into the op, the values travel
   * beside it and can be deleted. The fields refer to them by number, from 0.
   */
  readonly erasable?: readonly (string | Uint8Array)[];
  /** Kept on this phone alone, for the screen of the outbox. */
  readonly note?: Value;
}

/** Thrown by `record` when the op could not be stored: nothing was recorded. */
export interface RecordFault extends Error {
  readonly type:
    | "not-enrolled"
    | "signed-out"
    | "op-too-large"
    | "storage-full"
    | "storage-failed"
    /** A newer version of the app has the database: this page is to be opened again. */
    | "newer-database";
}

/** recorded → on the server → settled with a verdict. */
export interface OutboxItem {
  readonly ref: OpRef;
  readonly kind: string;
  /** Null when this version cannot read the body. */
  readonly body: Body | null;
  /** Server time as estimated when it was recorded. */
  readonly at: number;
  /** Size of the log that this phone had applied then: what it knew. */
  readonly seen: number;
  readonly stage: "recorded" | "acked" | "settled";
  /** `accepted` unless a verdict row says otherwise; null while not settled (but a deferral is told). */
  readonly verdict: {
    readonly verdict: string;
    readonly code: string;
    /** Why it was refused: names and integers, by its code. */
    readonly facts?: readonly Value[];
  } | null;
  /** The server refused the bytes, of the op or of the evidence that it names. It is tried again; ops can be exported. */
  readonly problem: { readonly code: string; readonly detail: string } | null;
  readonly note: Value;
}

export type SignInResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly type: "not-enrolled" | "unknown-person" }
  | { readonly ok: false; readonly type: "wrong-pin"; readonly triesLeft: number; readonly retryAtMs: number }
  /** Delayed after wrong PINs; with `triesLeft` 0 a manager must enrol the phone again. */
  | { readonly ok: false; readonly type: "locked"; readonly triesLeft: number; readonly retryAtMs: number };

export type EnrolResult =
  | { readonly ok: true; readonly person: string; readonly name: string }
  | {
      readonly ok: false;
      readonly type:
        | "not-an-enrolment-code"
        | "unknown-enrolment-code"
        | "offline"
        | "refused"
        | "pin-too-short";
    };

/** What the server says to a question that only it can answer, such as balances as of last month. */
export type Answer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly type: "not-enrolled" | "offline" }
  /** `code` is that of the problem: `no-session`, `no-right`, … */
  | {
      readonly ok: false;
      readonly type: "refused";
      readonly status: number;
      readonly code: string;
      readonly detail: string;
    };

/** Why nobody was added, besides what a sign-in may say. */
export type AddPersonResult =
  | SignInResult
  | { readonly ok: false; readonly type: "signed-out" | "pin-too-short" | "person-there" };

/** Why the browser or the person gave no passkey, as far as browsers tell. */
export type PasskeyRefusal = "unsupported" | "cancelled" | "already-there" | "failed";
export type AddPasskeyResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly type: PasskeyRefusal | "offline" | "not-enrolled" }
  | { readonly ok: false; readonly type: "refused"; readonly code: string };
export type PasskeySignInResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly type: PasskeyRefusal | "not-enrolled" | "none" | "not-verified" };

/** What a phone does with passkeys. Making and removing needs the server; signing in does not. */
export interface Passkeys {
  /** Whether this browser has any: in-app browsers and pages without TLS have none. */
  readonly has: () => boolean;
  readonly of: (person: string) => readonly { readonly id: string; readonly name: string }[];
  /** For who is signed in; `code` is a manager's one-time code, where one is needed. */
  readonly add: (name: string, code?: string | null) => Promise<AddPasskeyResult>;
  readonly remove: (id: string) => Promise<AddPasskeyResult>;
  readonly signIn: (person: string) => Promise<PasskeySignInResult>;
}

/** Whether everything recorded here is safe on the server: what a phone says before it is wiped or handed on. */
export interface WipeSafety {
  /** By the server's signed word alone, and only where nothing of anybody is left here. */
  readonly isSafe: boolean;
  /** What the server signed names the last op of every epoch of this phone. */
  readonly isStated: boolean;
  /** And a confirmed backup covers them. */
  readonly isBackedUp: boolean;
  /** When the server signed, and over how long a log; null: it never did. */
  readonly statedMs: number | null;
  readonly logSize: number | null;
  /** Names, texts and documents of this phone's ops that never reached the server, as it says itself. */
  readonly missingValues: number;
  readonly missingEvidence: number;
  /** Ops that exist on this phone alone. */
  readonly unsent: number;
  /** Ops on the server that have no verdict yet. */
  readonly unsettled: number;
  /** Photos that are not uploaded. */
  readonly evidence: number;
  /** Frames carried for others. */
  readonly relayed: number;
}

/** The work of another device on its way through this phone. */
export interface CarriedFor {
  /** Hex. */
  readonly device: string;
  readonly records: number;
  /**
   * `here`: waits for the network. `kept-back`: the server takes it another time. `refused`: it never will. `sent`: it is
   * there, and the signed word is still to come. `beside`: there, but earlier records of that device are not. `done`:
   * signed; show it to the device.
   */
  readonly stage: "here" | "kept-back" | "refused" | "sent" | "beside" | "done";
  /** Why it was kept back or refused. */
  readonly code: string;
  readonly takenMs: number;
}

/** What the server signed last about this phone. */
export interface SignedWord {
  readonly atMs: number;
  /** Name of the device that brought it; empty: the server itself. */
  readonly bearer: string;
}

/** What QR codes are made of. */
export interface ShownPackage {
  readonly package: Package;
  readonly records: number;
  /** Records that do not fit: shown when these have arrived. */
  readonly left: number;
}

/** What a file or a package of codes held, once it is on disk. */
export type Taken =
  | { readonly ok: false; readonly type: "unreadable" }
  | {
      readonly ok: true;
      /** Frames that this phone carries now, and how many records of whom they are. */
      readonly frames: number;
      readonly from: readonly { readonly device: string; readonly records: number }[];
      /** Frames of this phone itself, of other organisations, and elements that are neither frames nor signed. */
      readonly own: number;
      readonly foreign: number;
      readonly junk: number;
      /** What became of what the server signed. */
      readonly heard: readonly Heard[];
    };

export interface Ledger {
  readonly state: LedgerState;

  /**
   * Records one op. Resolves once it is on disk for good, never waits for the network, rejects with a
   * `RecordFault` when it could not be stored.
   */
  record<K extends Kind>(kind: K, fields: Draft<K>, options?: RecordOptions): Promise<OpRef>;
  /** What this phone recorded, the newest first. */
  readonly outbox: () => ReadonlySignal<readonly OutboxItem[]>;

  /** All rows of a table, by key; balances include this phone's pending work. Changes when rows or work do. */
  rows<T extends Table>(table: T): ReadonlySignal<readonly Row<T>[]>;
  row<T extends Table>(table: T, key: string): ReadonlySignal<Row<T> | null>;
  /** Rows of tables that this version has no type for, such as `record.harvest`. */
  readonly untyped: (
    table: string,
  ) => ReadonlySignal<readonly { readonly key: string; readonly value: Value }[]>;

  /** `url` is what the QR holds: `gobi:enrol:<server url>#<code>`. The PIN is for the person of the code. */
  readonly enrol: (
    url: string,
    options: { readonly name: string; readonly pin: string },
  ) => Promise<EnrolResult>;
  /** Works offline. Records a `session` op. */
  readonly signIn: (person: string, pin: string) => Promise<SignInResult>;
  readonly signOut: () => Promise<void>;
  readonly passkeys: () => Promise<Passkeys>;
  /** Lets another person sign in on this phone; somebody must be signed in. */
  readonly addPerson: (person: string, name: string, pin: string) => Promise<AddPersonResult>;

  /** Brings up what is recorded and brings down what is new, now. Resolves when the attempt has ended. */
  readonly syncNow: () => Promise<SyncStatus>;
  /** Asks one of the server's JSON routes as this device and person; `path` begins with `/api/`. */
  readonly ask: (
    path: string,
    options?: { readonly method?: "GET" | "POST" | "PUT" | "DELETE"; readonly body?: unknown },
  ) => Promise<Answer>;
  /** The demo's switch: requests fail as if there were no network. */
  readonly setOffline: (isOffline: boolean) => void;
  readonly isSetOffline: ReadonlySignal<boolean>;

  /** Server time as this phone estimates it, for screens. */
  readonly nowMs: () => number;
  /**
   * Whether a promise that ends then (server time) surely stands still: not within the error of this phone's clock,
   * and not after a reload until the server was met.
   */
  readonly standsUntil: (untilMs: number) => boolean;

  /** Everything not yet on the server as one file that any phone or the server takes. */
  readonly exportOutbox: () => Promise<{ readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }>;
  /** Takes another phone's file along, or the server's word that another phone brings. Rejects as `record` does. */
  readonly importBundle: (bytes: Uint8Array) => Promise<Taken>;
  /** As `importBundle`, of what was read from QR codes. */
  readonly importPackage: (given: Package) => Promise<Taken>;
  /** What is not yet on the server, for QR codes; null: nothing, or too much for them. */
  readonly outboxAsPackage: () => Promise<ShownPackage | null>;
  /** The server's word for a device that this phone carried for, or for itself (null), for QR codes; null: none yet. */
  readonly signedAsPackage: (device: string | null) => Promise<ShownPackage | null>;
  /** Lets go of what is carried for a device. */
  readonly dropCarried: (device: string) => Promise<void>;
  /** Asks the server to sign how far this phone's work is durable; resolves to whether it did. */
  readonly askAcknowledgement: () => Promise<boolean>;
  /** Offers everything to the server once more. */
  readonly sendAgain: () => Promise<void>;

  /** Stores a photo, signature or document and records an `attach` that names the op. */
  readonly attach: (of: OpRef, bytes: Uint8Array, mediaType: string, role?: string) => Promise<OpRef>;
  readonly evidence: (
    sha256: string,
  ) => Promise<{ readonly bytes: Uint8Array; readonly mediaType: string } | null>;

  readonly wipeSafe: () => Promise<WipeSafety>;
  readonly close: () => void;
}
