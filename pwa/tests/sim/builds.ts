/**
 * Other builds of the app on the same phone. The code is this one's; what differs is what an older or newer one would
 * put on the wire and understand of it: messages only ever grow at the end (docs/protocol/sync.md §2).
 *
 * `old` (N-3) says nothing that was appended to the request since the first published protocol and hears nothing that
 * was appended to the reply. `new` (N+3) says two elements more than the server knows. What a build of another version
 * does with its database is not simulated: the stores of version 1 are frozen.
 */
import { decode, encode, type Value } from "../../src/codec/msgpack.ts";

export type Build = "now" | "old" | "new";

/** Elements of the first published protocol. */
const REQUEST_ELEMENTS = 10;
/** What a newer build says in the elements that this one may leave out. */
const SINCE_THEN: readonly Value[] = [0, null];
/** Of a request of this build, all told; a test compares. */
export const REQUEST_ELEMENTS_MAX = REQUEST_ELEMENTS + SINCE_THEN.length;
const REPLY_ELEMENTS = 14;
/** Deep enough for rows of the greatest depth. */
const DEPTH = 11;
const UNKNOWN: readonly Value[] = [["of", "the", "future"], 7];

export const requestOf = (build: Build, body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
  if (build === "now") return body;
  const fields = decode(body, DEPTH) as readonly Value[];
  if (build === "old") return encode(fields.slice(0, REQUEST_ELEMENTS), DEPTH);
  const left = SINCE_THEN.slice(fields.length - REQUEST_ELEMENTS);
  return encode([...fields, ...left, ...UNKNOWN], DEPTH);
};

export const repliesTo = (build: Build, body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
  if (build !== "old") return body;
  const fields = decode(body, DEPTH) as readonly Value[];
  return fields.length <= REPLY_ELEMENTS ? body : encode(fields.slice(0, REPLY_ELEMENTS), DEPTH);
};
