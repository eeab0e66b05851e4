/**
 * SHA-256 and HMAC-SHA-256 in plain JavaScript, at once and without a promise (FIPS 180-4, RFC 2104).
 *
 * A tree node is 65 bytes: awaiting WebCrypto for each costs twenty times the hash itself. WebCrypto stays for
 * signatures and for whole files. Nothing here is secret enough to need constant time: the one HMAC key, the
 * device secret, is used on the device that holds it.
 */
/* oxlint-disable typescript/no-non-null-assertion -- every index is bounded by its loop; a test for each word would cost speed */
import type { Bytes } from "./bytes.ts";

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

// oxfmt-ignore
const K = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);
const START = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

// One call never yields to another, so all calls share their working memory.
const words = new Int32Array(64);
const state = new Int32Array(8);
const tail = new Uint8Array(2 * BLOCK_BYTES);

/** Fold the 64 bytes at `at` into the state. */
const compress = (data: Uint8Array, at: number): void => {
  const w = words;
  for (let i = 0, j = at; i < 16; i += 1, j += 4) {
    w[i] = (data[j]! << 24) | (data[j + 1]! << 16) | (data[j + 2]! << 8) | data[j + 3]!;
  }
  for (let i = 16; i < 64; i += 1) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + (g ^ (e & (f ^ g))) + K[i]! + w[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
  state[4] = (state[4]! + e) | 0;
  state[5] = (state[5]! + f) | 0;
  state[6] = (state[6]! + g) | 0;
  state[7] = (state[7]! + h) | 0;
};

/** Fold the rest of a message into the state and read the digest; `before` bytes of it are folded already. */
const finish = (data: Uint8Array, before: number): Bytes => {
  const whole = data.length - (data.length % BLOCK_BYTES);
  for (let at = 0; at < whole; at += BLOCK_BYTES) compress(data, at);
  const rest = data.length - whole;
  const end = rest < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES;
  tail.fill(0, rest, end);
  for (let i = 0; i < rest; i += 1) tail[i] = data[whole + i]!;
  tail[rest] = 0x80;
  // The length in bits, 64 bits wide; a Uint8Array is shorter than 2^53 bytes, so two halves by division.
  const bytes = before + data.length;
  const high = Math.floor(bytes / 0x2000_0000);
  const low = (bytes << 3) >>> 0;
  for (let i = 0; i < 4; i += 1) {
    tail[end - 8 + i] = high >>> (24 - 8 * i);
    tail[end - 4 + i] = low >>> (24 - 8 * i);
  }
  compress(tail, 0);
  if (end > BLOCK_BYTES) compress(tail, BLOCK_BYTES);
  const digest = new Uint8Array(DIGEST_BYTES);
  for (let i = 0; i < 8; i += 1) {
    const word = state[i]!;
    digest[4 * i] = word >>> 24;
    digest[4 * i + 1] = word >>> 16;
    digest[4 * i + 2] = word >>> 8;
    digest[4 * i + 3] = word;
  }
  return digest;
};

export const sha256 = (data: Uint8Array): Bytes => {
  state.set(START);
  return finish(data, 0);
};

const padded = (key: Uint8Array, pad: number): Bytes => {
  const block = new Uint8Array(BLOCK_BYTES).fill(pad);
  for (let i = 0; i < key.length; i += 1) block[i] = key[i]! ^ pad;
  return block;
};

export const hmacSha256 = (key: Uint8Array, data: Uint8Array): Bytes => {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key;
  state.set(START);
  compress(padded(short, 0x36), 0);
  const inner = finish(data, BLOCK_BYTES);
  state.set(START);
  compress(padded(short, 0x5c), 0);
  return finish(inner, BLOCK_BYTES);
};
