/**
 * Carries bytes to the server and back: proofs, compression, deadlines, and the words for what went wrong. It knows
 * no rule of the ledger.
 */
import { type Bytes, toHex } from "../codec/bytes.ts";
import { isMalformed } from "../codec/msgpack.ts";
import { proofOf } from "./dpop.ts";
import type { Device } from "./memory.ts";
import type { Ports } from "./ports.ts";
import { decodeReply, MEDIA_TYPE, type SyncReply } from "./wire.ts";

/** A request that takes longer is given up: on a dead link the browser alone would wait for minutes. */
export const ANSWER_MS_MAX = 60_000;
/** Below this, compression saves less than it costs. */
const COMPRESS_FROM_BYTES = 1024;

/** What went wrong with a request, for the rules of retrying. */
export type Failure =
  | {
      readonly ok: false;
      readonly type: "offline";
      /** There is a network, and it was too slow for this request. */
      readonly isLate?: true;
    }
  | {
      readonly ok: false;
      readonly type: "refused";
      readonly status: number;
      readonly code: string;
      readonly detail: string;
      /** The server said when to come back. */
      readonly retryAfterMs: number | null;
    };

export type Delivered<T> = { readonly ok: true; readonly value: T } | Failure;

export interface Sending {
  readonly method: string;
  readonly path: string;
  readonly body?: Bytes;
  readonly type?: string;
  /** Makes a proof by the device's key go along. */
  readonly proves: boolean;
  /** Session id. */
  readonly session?: Uint8Array;
  /** For chunks of a bucket. */
  readonly bucketToken?: string;
  readonly server?: string;
  readonly nowMs: number;
}

export interface Courier {
  readonly send: (device: Device | null, sending: Sending) => Promise<Delivered<Response>>;
  readonly sync: (device: Device, body: Bytes, proves: boolean, nowMs: number) => Promise<Delivered<Told>>;
}

/** A reply, and its bytes. */
export interface Told {
  readonly reply: SyncReply;
  readonly bytes: Bytes;
}

const OFFLINE: Failure = { ok: false, type: "offline" };

const lost = (error: unknown): Failure =>
  error instanceof DOMException && error.name === "TimeoutError" ? { ...OFFLINE, isLate: true } : OFFLINE;

export const openCourier = (ports: Ports, isOffline: () => boolean): Courier => {
  let nonce: string | null = null;

  const attempt = async (device: Device | null, sending: Sending): Promise<Delivered<Response>> => {
    const url = `${sending.server ?? device?.server ?? ""}${sending.path}`;
    const headers: Record<string, string> = {};
    if (sending.type !== undefined) headers["Content-Type"] = sending.type;
    if (sending.session !== undefined && sending.session.length > 0)
      headers["Gobi-Session"] = toHex(sending.session);
    if (sending.bucketToken !== undefined) headers["Gobi-Bucket-Token"] = sending.bucketToken;
    if (sending.proves && device !== null) {
      const claim = { method: sending.method, url: url.split(/[?#]/, 1)[0] ?? url };
      const id = ports.randomBytes(16);
      headers["DPoP"] = await proofOf(device, { ...claim, id, nowMs: sending.nowMs, nonce });
    }
    let { body } = sending;
    if (body !== undefined && body.length > COMPRESS_FROM_BYTES && sending.type === MEDIA_TYPE) {
      const compressed = await gzip(body);
      if (compressed !== null) {
        body = compressed;
        headers["Content-Encoding"] = "gzip";
      }
    }
    if (isOffline()) return OFFLINE;
    let response: Response;
    try {
      response = await ports.fetch(url, {
        method: sending.method,
        headers,
        ...(body === undefined ? {} : { body }),
        cache: "no-store",
        credentials: "omit",
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
    } catch (error) {
      return lost(error);
    }
    nonce = response.headers.get("DPoP-Nonce") ?? nonce;
    return response.ok ? { ok: true, value: response } : refusal(response, ports.wallMs());
  };

  const send = async (device: Device | null, sending: Sending): Promise<Delivered<Response>> => {
    const before = nonce;
    const answer = await attempt(device, sending);
    const wantsNonce = !answer.ok && answer.type === "refused" && answer.code === "use-dpop-nonce";
    return wantsNonce && nonce !== before ? attempt(device, sending) : answer;
  };

  return {
    send,
    sync: async (device, body, proves, nowMs) => {
      const answer = await send(device, {
        method: "POST",
        path: "/api/v1/sync",
        body,
        type: MEDIA_TYPE,
        proves,
        nowMs,
      });
      if (!answer.ok) return answer;
      try {
        const bytes = new Uint8Array(await answer.value.arrayBuffer());
        return { ok: true, value: { reply: decodeReply(bytes), bytes } };
      } catch (error) {
        // A captive portal answers 200 with a page of its own: that is no network. So is a body that broke off.
        if (isMalformed(error) || error instanceof TypeError || isAborted(error)) return lost(error);
        throw error;
      }
    },
  };
};

const isAborted = (error: unknown): boolean =>
  error instanceof DOMException && (error.name === "AbortError" || error.name === "TimeoutError");

const gzip = async (data: Bytes): Promise<Bytes | null> => {
  if (typeof CompressionStream !== "function") return null;
  const stream = new Blob([data]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

/** RFC 9457: the last part of the problem's type is its code. What is no problem document is not ours. */
const refusal = async (response: Response, wallMs: number): Promise<Failure> => {
  const problem = (await response.json().catch(() => ({}))) as { type?: unknown; detail?: unknown } | null;
  const type = typeof problem?.type === "string" ? problem.type : "";
  const detail = typeof problem?.detail === "string" ? problem.detail : "";
  return {
    ok: false,
    type: "refused",
    status: response.status,
    code: type.split("/").at(-1) || `http-${response.status}`,
    detail,
    retryAfterMs: retryAfterMs(response.headers.get("Retry-After"), wallMs),
  };
};

/** RFC 9110 §10.2.3: seconds, or a date. */
const retryAfterMs = (text: string | null, wallMs: number): number | null => {
  if (text === null) return null;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - wallMs);
};
