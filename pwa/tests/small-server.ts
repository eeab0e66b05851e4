/**
 * The least server that the ledger can talk to: it enrols, checks, places and keeps frames and accepts every op at
 * once. Twin of `tests/tools/small_ledger.py`; the real one judges and signs as well (tests/integration).
 */
import { concat, fromHex, toBase64Url, toHex, utf8, type Bytes } from "../src/codec/bytes.ts";
import { decodeFrame, peekHeader, sealedOps } from "../src/codec/frame.ts";
import { decode, encode, type Value } from "../src/codec/msgpack.ts";
import { deviceId, type Op } from "../src/codec/op.ts";
import { importPublicKey, sign } from "../src/codec/seal.ts";
import { hmacSha256, sha256 } from "../src/codec/sha256.ts";
import { MEDIA_TYPE } from "../src/sync/wire.ts";

export const ORG = "lvyuan";
export const SERVER = "https://gobi.example";
const SECRET = new Uint8Array(32).fill(7);
const DEPTH = 11;

export interface Logged {
  readonly hash: string;
  readonly op: Op;
  readonly data: Bytes;
}

interface SignedFields {
  readonly root: Bytes;
  readonly org: string;
  readonly covered: number;
  readonly missingValues: number;
  readonly missingEvidence: number;
}

interface DeviceLog {
  readonly key: CryptoKey;
  readonly secret: Bytes;
  readonly enrol: string;
  readonly main: Map<number, string[]>;
  readonly branches: Set<string>;
  waiting: Uint8Array[];
}

type Handler = (url: string, init: RequestInit) => Promise<Response>;

const bodyOf = async (init: RequestInit): Promise<Bytes> => {
  const headers = init.headers as Record<string, string>;
  const raw = init.body as Bytes;
  if (headers["Content-Encoding"] !== "gzip") return raw;
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ type: `/errors/${code}`, title: code, status, detail: code }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });

export class SmallServer {
  readonly log: Logged[] = [];
  readonly devices = new Map<string, DeviceLog>();
  readonly evidence = new Map<string, Bytes>();
  readonly requests: (readonly Value[])[] = [];
  readonly bodies: number[] = [];
  /** Rows that are there from the beginning, sent whole before the ops of the log. */
  standing: [string, string, string, Value][] = [];
  /** Rows that every pull brings; null: the row is gone. */
  changes: [string, string, string, Value][] = [];
  verdicts = new Map<string, readonly [verdict: string, code: string]>();
  deferred = new Set<string>();
  dropped: string[] = [];
  pageRows = 1_000_000;
  pull = "ok";
  refusesFrames = false;
  forks = 0;
  /** Set on a server that was restored and waits for its operator. */
  recovering: readonly [restoredMs: number, signedSize: number] | null = null;
  /** Whether a confirmed backup holds all that is in the log. */
  isBackedUp = false;
  /** False: a server of an earlier version, whose answer to an enrolment has no key. */
  saysKey = true;
  /** What it signs besides the truth. */
  signs: Partial<SignedFields> = {};
  /** Frames of others that are refused, by what their device is. */
  refusesRelayed = new Map<string, string>();
  nowMs: () => number = () => Date.now();
  /** Called before each request; may throw as a dead network does, or answer itself. */
  before: (path: string) => Response | undefined = () => undefined;
  /** Called with each reply; throwing loses it. */
  after: (path: string) => void = () => undefined;
  readonly #codes = new Map<string, string>();

  enrolmentCode(person: string): string {
    const code = `code-${this.#codes.size}-${person}`;
    this.#codes.set(code, person);
    return `gobi:enrol:${SERVER}#${code}`;
  }

  readonly fetch: Handler = async (url, init) => {
    const path = url.slice(SERVER.length);
    const early = this.before(path);
    if (early !== undefined) return early;
    const reply = await this.#answer(path, init);
    this.after(path);
    return reply;
  };

  async #answer(path: string, init: RequestInit): Promise<Response> {
    if (path === "/api/v1/enrolments/redeem") return this.#redeem(await bodyOf(init));
    if (path === "/api/v1/sync") {
      this.bodies.push((init.body as Bytes).length);
      const body = await this.#sync(decode(await bodyOf(init), DEPTH) as readonly Value[]);
      return new Response(body, { headers: { "Content-Type": MEDIA_TYPE } });
    }
    if (path === "/api/v1/server-key")
      return Response.json({ server_key: toBase64Url(await this.#publicKey()) });
    const about = /^\/api\/v1\/devices\/([0-9a-f]{32})\/acknowledgement(?:\?ops=(.*))?$/.exec(path);
    if (about !== null) return this.#acknowledge(about[1] ?? "", (about[2] ?? "").split("."));
    const sha = /^\/api\/v1\/evidence\/([0-9a-f]{64})$/.exec(path)?.[1];
    if (sha === undefined) return problem(404, "not-found");
    if (init.method === "PUT") {
      this.evidence.set(sha, init.body as Bytes);
      return new Response(null, { status: 201 });
    }
    const kept = this.evidence.get(sha);
    return kept === undefined ? problem(404, "unknown-evidence") : new Response(kept);
  }

  async #redeem(body: Bytes): Promise<Response> {
    const { code, key } = JSON.parse(new TextDecoder().decode(body)) as { code: string; key: string };
    const person = this.#codes.get(code);
    if (person === undefined) return problem(404, "unknown-enrolment-code");
    this.#codes.delete(code);
    const raw = Uint8Array.from(Buffer.from(key, "base64url"));
    const device = deviceId(raw);
    const secret = hmacSha256(SECRET, device);
    const enrol = toHex(sha256(concat(device, raw)));
    this.devices.set(toHex(device), {
      key: await importPublicKey(raw),
      secret,
      enrol,
      main: new Map(),
      branches: new Set(),
      waiting: [],
    });
    return Response.json({
      org: ORG,
      device: toHex(device),
      secret: toBase64Url(secret),
      enrol,
      person,
      name: person.toUpperCase(),
      checkpoint: "",
      log_key: "",
      time: this.nowMs(),
      utc_offset_minutes: 480,
      ...(this.saysKey ? { server_key: toBase64Url(await this.#publicKey()) } : {}),
    });
  }

  readonly #signer = crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);

  async #publicKey(): Promise<Bytes> {
    const { publicKey } = await this.#signer;
    return new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  }

  /** The signed word about a device; `more` is what a test changes of it. */
  async signedWord(
    id: string,
    named: readonly string[] = [],
    more: Partial<SignedFields> = {},
  ): Promise<Bytes> {
    const device = this.devices.get(id)!;
    const leafOf = (hash: string): number => this.log.findIndex((each) => each.hash === hash);
    const known = [...device.main.values()].map((chain) => chain.at(-1)!);
    const own = named.filter((hash) => leafOf(hash) >= 0 && toHex(this.log[leafOf(hash)]!.op.device) === id);
    const ends = [...new Set([...known, ...own])].map((hash): Value => {
      const { epoch, seq } = this.log[leafOf(hash)]!.op;
      return [epoch, seq, fromHex(hash), leafOf(hash)];
    });
    const root = sha256(encode(this.log.length));
    const said = {
      org: ORG,
      root,
      device: fromHex(id),
      covered: 0,
      missingValues: 0,
      missingEvidence: 0,
      ...more,
    };
    const statement = encode([
      1,
      said.org,
      said.device,
      this.nowMs(),
      this.log.length,
      said.root,
      said.covered,
      ends,
      said.missingValues,
      said.missingEvidence,
      "PDA",
    ]);
    const { privateKey } = await this.#signer;
    return encode([statement, await sign(privateKey, concat(utf8("gobi/ack/1\0"), statement))]);
  }

  async #acknowledge(id: string, named: readonly string[]): Promise<Response> {
    return this.devices.has(id)
      ? new Response(await this.signedWord(id, named, this.signs))
      : problem(404, "not-found");
  }

  async #sync(request: readonly Value[]): Promise<Bytes> {
    this.requests.push(request);
    const [frames, relayed] = [request[8], request[9]] as [Uint8Array[], Uint8Array[]];
    const problems: Value[] = [];
    for (const [isRelayed, list] of [
      [false, frames],
      [true, relayed],
    ] as const) {
      for (const [number, frame] of list.entries()) {
        const code = isRelayed ? this.refusesRelayed.get(toHex(peekHeader(frame).device)) : undefined;
        if (code !== undefined) {
          problems.push([number, true, code, code]);
          continue;
        }
        try {
          await this.take(frame);
        } catch (error) {
          problems.push([number, isRelayed, "malformed-frame", String(error)]);
        }
      }
    }
    return encode(this.#reply(request, problems), DEPTH);
  }

  async take(data: Uint8Array): Promise<void> {
    if (this.refusesFrames) throw new Error("no frame");
    const header = peekHeader(data);
    const device = this.devices.get(toHex(header.device))!;
    const frame = decodeFrame(data, device.secret);
    if ((await sealedOps(frame, device.key)) !== frame.ops.length) throw new Error("wrong-seal");
    const hashes = frame.hashes.map(toHex);
    const main = device.main.get(frame.epoch) ?? [];
    const prev = toHex(frame.firstPrev);
    const known = (hash: string): boolean =>
      device.branches.has(hash) || [...device.main.values()].some((chain) => chain.includes(hash));
    const fresh = hashes.findIndex((hash) => !known(hash));
    if (fresh < 0) return;
    const isRooted = fresh > 0 || known(prev) || (frame.firstSeq === 1 && prev === device.enrol);
    if (!isRooted) {
      device.waiting.push(data);
      return;
    }
    if (frame.firstSeq + fresh === main.length + 1) {
      device.main.set(frame.epoch, [...main, ...hashes.slice(fresh)]);
    } else {
      this.forks += 1;
      for (const hash of hashes.slice(fresh)) device.branches.add(hash);
    }
    for (let i = fresh; i < hashes.length; i += 1)
      this.log.push({ hash: hashes[i]!, op: frame.ops[i]!, data: frame.data[i]! });
    const { waiting } = device;
    device.waiting = [];
    for (const beside of waiting) await this.take(beside);
  }

  #reply(request: readonly Value[], problems: readonly Value[]): Value {
    const device = this.devices.get(toHex(request[1] as Uint8Array))!;
    const page = request[6] as Uint8Array | null;
    const held = [...device.main].map(([epoch, chain]): Value => [
      epoch,
      chain.length + 1,
      fromHex(chain.at(-1)!),
    ]);
    const isFirst = request[5] === -1;
    const [cut, first] =
      page === null
        ? [this.log.length, (request[5] as number) + 1]
        : (decode(page) as readonly [number, number]);
    const standing: Value[] = isFirst && page === null ? this.standing : [];
    const last = Math.min(cut, first + this.pageRows);
    const isLast = last === cut && this.pull === "ok";
    const rows = [
      ...standing,
      ...(isLast ? this.changes : []),
      ...this.log.slice(first, last).map(({ hash, op }): Value => ["org", "op", hash, [op.kind]]),
      ...[...this.verdicts].map(([key, [verdict, code]]): Value => {
        const [epoch, seq] = key.split("/").map(Number) as [number, number];
        return [
          `device:${toHex(request[1] as Uint8Array)}`,
          "verdict",
          `${epoch}\u001F${seq}\u001F0`,
          [epoch, seq, 0, verdict, code],
        ];
      }),
    ];
    const settled = [...device.main].flatMap(([epoch, chain]) =>
      chain.flatMap((hash, i): Value[] => (this.deferred.has(hash) ? [] : [[epoch, i + 1, i + 1]])),
    );
    const acked = [...device.main].map(([epoch, chain]): Value => [epoch, chain.length]);
    const isOk = this.pull === "ok";
    return [
      1,
      this.nowMs(),
      this.log.length,
      this.pull,
      isLast ? cut - 1 : request[5]!,
      isOk && !isLast ? encode([cut, last]) : null,
      this.dropped,
      isOk ? rows : [],
      isLast ? settled : [],
      held,
      problems,
      `${cut}`,
      isLast ? [cut, sha256(encode(cut)).slice(0, 16)] : null,
      acked,
      ...(this.isBackedUp || this.recovering !== null
        ? [[], [], this.isBackedUp ? acked : [], [], this.recovering]
        : []),
    ];
  }

  /** Its disk is lost, and what a backup of the first `size` ops holds is there again; no photo is. */
  restoreTo(size: number): void {
    const gone = new Set(this.log.splice(size).map(({ hash }) => hash));
    for (const device of this.devices.values())
      for (const [epoch, chain] of device.main) {
        const left = chain.filter((hash) => !gone.has(hash));
        if (left.length > 0) device.main.set(epoch, left);
        else device.main.delete(epoch);
      }
    this.evidence.clear();
  }

  /** Every op of a device in the log: each names the one before it, and no dot is taken twice. */
  chainFaults(): string[] {
    const faults: string[] = [];
    const hashes = new Set(this.log.map(({ hash }) => hash));
    const enrols = new Set([...this.devices.values()].map(({ enrol }) => enrol));
    const dots = new Map<string, string>();
    for (const { hash, op } of this.log) {
      const prev = toHex(op.prev);
      if (!hashes.has(prev) && !enrols.has(prev)) faults.push(`${hash}: its predecessor is not in the log`);
      const dot = `${toHex(op.device)}/${op.epoch}/${op.seq}`;
      if ((dots.get(dot) ?? hash) !== hash) faults.push(`${dot}: taken twice`);
      dots.set(dot, hash);
    }
    return faults;
  }
}
