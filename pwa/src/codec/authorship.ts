/**
 * Who recorded an op, provable to anybody who trusts an organisation's genesis; docs/protocol/identity.md §7.
 *
 * Two walks end there: op → seal → device key → enrol, and op → session → passkey. A proof holds without the server;
 * whether a key had been revoked is for who reads the log. Twin: `sync_engine/authorship.py`; corpus:
 * `tests/vectors/identity/authorship.json`.
 */
import { type Fields, type Kind, type Name, readBody } from "../domain/kinds.ts";
import { isMisfit } from "../domain/shape.ts";
import {
  type Assertion,
  decodeAssertion,
  type Passkey,
  sessionChallenge,
  signChallenge,
  verifyAssertion,
} from "./assertion.ts";
import { concat, isEqual } from "./bytes.ts";
import { decode, isMalformed, type Value } from "./msgpack.ts";
import { decodeOp, deviceId, HASH_BYTES, isArray, isNatural, leafHash, type Op } from "./op.ts";
import { importPublicKey, SEAL_OPS_MAX, stretchMessage, verify } from "./seal.ts";
import { sha256 } from "./sha256.ts";

export type Assurance = "passkey" | "device" | "form";

/** An op with its place in the sealed stretch: at most six hashes and one signature. */
export interface SealedOp {
  readonly data: Uint8Array;
  readonly firstSeq: number;
  readonly count: number;
  readonly lastHash: Uint8Array;
  readonly path: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

export interface Authorship {
  readonly op: SealedOp;
  readonly genesis: SealedOp;
  readonly enrol: SealedOp | null;
  readonly rotations: readonly SealedOp[];
  readonly session: SealedOp | null;
  readonly credential: SealedOp | null;
  readonly sign: SealedOp | null;
}

/** `person` null: the organisation's own server, at nobody's word. */
export interface Author {
  readonly org: string;
  readonly device: Uint8Array;
  readonly deviceName: string;
  readonly person: string | null;
  readonly assurance: Assurance;
  /** The person's passkey stands for this very op, not only for the session that it was recorded in. */
  readonly isSigned: boolean;
}

export type Shown =
  | { readonly ok: true; readonly author: Author }
  | { readonly ok: false; readonly reason: string };

/** Ends a walk: what is missing or wrong, in words. */
class Refused extends Error {}

const NODE = Uint8Array.of(1);

/** The proof that the bytes hold, or null. */
export const decodeAuthorship = (data: Uint8Array): Authorship | null => {
  try {
    const told = decode(data);
    if (!isArray(told) || told.length < 2) return null;
    const [op, genesis, enrol = null, rotations = [], session = null, credential = null, sign = null] = told;
    if (!isArray(rotations)) return null;
    return {
      op: sealedOp(op),
      genesis: sealedOp(genesis),
      enrol: enrol === null ? null : sealedOp(enrol),
      rotations: rotations.map(sealedOp),
      session: session === null ? null : sealedOp(session),
      credential: credential === null ? null : sealedOp(credential),
      sign: sign === null ? null : sealedOp(sign),
    };
  } catch (error) {
    if (error instanceof Refused || isMalformed(error)) return null;
    throw error;
  }
};

const sealedOp = (value: Value | undefined): SealedOp => {
  const [data, firstSeq, count, lastHash, path, signature] = isArray(value) ? value : [];
  const isOne =
    data instanceof Uint8Array &&
    isNatural(firstSeq) &&
    isNatural(count) &&
    lastHash instanceof Uint8Array &&
    isArray(path) &&
    path.every((one) => one instanceof Uint8Array) &&
    signature instanceof Uint8Array;
  if (!isOne) throw new Refused("it is no proof of authorship");
  return { data, firstSeq, count, lastHash, path, signature };
};

/** Who recorded the op, for who trusts the organisation that began with the genesis of this hash. */
export const verifyAuthorship = async (proof: Authorship, genesis: Uint8Array): Promise<Shown> => {
  try {
    return { ok: true, author: await walk(proof, genesis) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, reason: error.message };
    throw error;
  }
};

/** What the steps of a walk share. */
interface Known {
  readonly proof: Authorship;
  readonly op: Op;
  readonly server: Op;
  readonly serverKey: Uint8Array;
  /** Of the op's device, the first one first. */
  readonly keys: readonly Uint8Array[];
  readonly deviceName: string;
  /** Whose device it is; null: everybody's. */
  readonly owner: string | null;
}

const walk = async (proof: Authorship, genesis: Uint8Array): Promise<Author> => {
  const known = await begin(proof, genesis);
  const { op, deviceName } = known;
  await refuseUnsealed(known, proof.op, op, "it");
  const of = { org: op.org, device: op.device, deviceName };
  if (op.actor.length === 0) return { ...of, person: null, assurance: "form", isSigned: false };
  const [person, assurance] = await personOf(known);
  const isSigned = proof.sign !== null && (await isSignedBy(known, proof.sign, person));
  return { ...of, person, assurance: isSigned ? "passkey" : assurance, isSigned };
};

const begin = async (proof: Authorship, trusted: Uint8Array): Promise<Known> => {
  if (!isEqual(leafHash(proof.genesis.data), trusted)) throw new Refused("the genesis is another one");
  const server = decoded(proof.genesis);
  const { key: serverKey } = read(server, "genesis").fields;
  const isItself = isEqual(deviceId(serverKey), server.device);
  if (!isItself || !(await isSealed(proof.genesis, server, serverKey)))
    throw new Refused("the genesis is not sealed by the key that it names");
  const op = decoded(proof.op);
  if (op.org !== server.org) throw new Refused("it is of another organisation");
  const begun = { proof, op, server, serverKey, keys: [serverKey], deviceName: "server", owner: null };
  return isEqual(op.device, server.device) ? begun : { ...begun, ...(await deviceOf(begun)) };
};

// --- the device ---------------------------------------------------------------------------------------------------

/** The keys that the organisation gave to the device of the op, its name, and whose it is. */
const deviceOf = async (known: Known): Promise<Pick<Known, "keys" | "deviceName" | "owner">> => {
  const { proof, op } = known;
  if (proof.enrol === null) throw new Refused("nothing shows that its device was enrolled");
  const { device, key, name, person } = await saidByServer(known, proof.enrol, "enrol");
  if (!isEqual(device, op.device) || !isEqual(deviceId(key), op.device))
    throw new Refused("the enrolment is of another device");
  const keys = [key];
  for (const sealed of proof.rotations) {
    // oxlint-disable-next-line no-await-in-loop -- there is hardly ever one
    const rotated = await saidByServer(known, sealed, "rotate");
    if (!isEqual(rotated.device, op.device)) throw new Refused("a new key is of another device");
    keys.push(rotated.key);
  }
  return { keys, deviceName: name, owner: person };
};

const saidByServer = async <K extends Kind>(
  { server, serverKey }: Known,
  sealed: SealedOp,
  kind: K,
): Promise<Fields<K>> => {
  const op = decoded(sealed);
  const isServer = op.org === server.org && isEqual(op.device, server.device);
  if (!isServer || !(await isSealed(sealed, op, serverKey)))
    throw new Refused(`the ${kind} is not the organisation's word`);
  return read(op, kind).fields;
};

const refuseUnsealed = async (known: Known, sealed: SealedOp, op: Op, what: string): Promise<void> => {
  const isOurs = op.org === known.op.org && isEqual(op.device, known.op.device);
  const tried = await Promise.all(known.keys.map((key) => isSealed(sealed, op, key)));
  if (!isOurs || !tried.some(Boolean)) throw new Refused(`${what} is not sealed by a key of its device`);
};

// --- the person ---------------------------------------------------------------------------------------------------

/** Whose session the op was recorded in, and how surely they were there. */
const personOf = async (known: Known): Promise<readonly [string, Assurance]> => {
  const { proof, op, server, keys, owner } = known;
  const sealed = proof.session;
  if (sealed === null || !isEqual(leafHash(sealed.data).slice(0, op.actor.length), op.actor))
    throw new Refused("its session is another one, or missing");
  const session = decoded(sealed);
  const { person, expiresMs, nonce, assurance, proof: asserted } = read(session, "session").fields;
  // The server's device acts for people who sit elsewhere; that they asked for it is the server's word.
  if (isEqual(op.device, server.device)) return [person, "form"];
  await refuseUnsealed(known, sealed, session, "its session");
  if (owner !== null && owner !== person) throw new Refused("its device is another person's");
  if (assurance !== "passkey" || op.at > expiresMs) return [person, "device"];
  const assertion = asserted === null ? null : decodeAssertion(asserted);
  if (assertion === null) throw new Refused("its session proves nothing");
  const passkey = await passkeyOf(known, person);
  const challenges = keys.map((key) => sessionChallenge(op.org, op.device, key, person, expiresMs, nonce));
  if (!(await isAsserted(assertion, passkey, challenges)))
    throw new Refused("its session is not by the passkey that it names");
  return [person, "passkey"];
};

const passkeyOf = async (known: Known, person: string): Promise<Passkey> => {
  const { credential } = known.proof;
  if (credential === null) throw new Refused("nothing shows whose passkey it was");
  const given = await saidByServer(known, credential, "credential");
  if (given.person !== person) throw new Refused("the passkey is another person's");
  return { id: given.id, person, alg: given.alg, key: given.key, rp: given.rp };
};

const isSignedBy = async (known: Known, sealed: SealedOp, person: string): Promise<boolean> => {
  const op = decoded(sealed);
  const { fields, names } = read(op, "sign");
  const hash = leafHash(known.proof.op.data);
  await refuseUnsealed(known, sealed, op, "the signature");
  const [named] = names;
  if (!(named instanceof Uint8Array) || !isEqual(named, hash))
    throw new Refused("the signature stands for another op");
  const passkey = await passkeyOf(known, person);
  if (!(await isAsserted(fields, passkey, [signChallenge(op.org, hash)])))
    throw new Refused("the signature is not by the passkey that it names");
  return true;
};

const isAsserted = async (
  assertion: Assertion,
  passkey: Passkey,
  challenges: readonly Uint8Array[],
): Promise<boolean> => {
  const tried = challenges.map((challenge) => verifyAssertion(assertion, passkey, challenge));
  return (await Promise.all(tried)).some(({ ok }) => ok);
};

// --- sealed ops ---------------------------------------------------------------------------------------------------

const decoded = ({ data }: SealedOp): Op => {
  try {
    return decodeOp(data);
  } catch (error) {
    if (isMalformed(error)) throw new Refused("bytes that are no op");
    throw error;
  }
};

interface Read<K extends Kind> {
  readonly fields: Fields<K>;
  readonly names: readonly Name[];
}

const read = <K extends Kind>(op: Op, kind: K): Read<K> => {
  if (op.kind !== kind) throw new Refused(`a ${op.kind} where a ${kind} belongs`);
  try {
    return readBody(op.kind, op.body) as unknown as Read<K>;
  } catch (error) {
    if (isMisfit(error)) throw new Refused(`a ${op.kind} that does not read as one`);
    throw error;
  }
};

/** Whether the key sealed the stretch in which this op stands. */
const isSealed = async (sealed: SealedOp, op: Op, key: Uint8Array): Promise<boolean> => {
  const { data, firstSeq, count, lastHash, path, signature } = sealed;
  const number = op.seq - firstSeq;
  if (count < 1 || count > SEAL_OPS_MAX || number < 0 || number >= count) return false;
  const hash = leafHash(data);
  const root = rootOver(hash, number, count, path);
  if (root === null || (number === count - 1 && !isEqual(hash, lastHash))) return false;
  const message = stretchMessage(
    [op.org, op.device, op.epoch, firstSeq, firstSeq + count - 1],
    lastHash,
    root,
  );
  const imported = await importPublicKey(Uint8Array.from(key)).catch(() => null);
  return imported !== null && verify(imported, message, Uint8Array.from(signature));
};

/** The only root to which leaf and path can belong in a list of `size`; null for a path of another shape. */
export const rootOver = (
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | null => {
  if (path.some((one) => one.length !== HASH_BYTES)) return null;
  let [hash, at, width, used] = [leaf, index, size, 0];
  while (width > 1) {
    if ((at ^ 1) < width) {
      const sibling = path[used];
      if (sibling === undefined) return null;
      used += 1;
      hash = sha256(at % 2 === 1 ? concat(NODE, sibling, hash) : concat(NODE, hash, sibling));
    }
    [at, width] = [at >> 1, (width + 1) >> 1];
  }
  return used === path.length ? hash : null;
};
