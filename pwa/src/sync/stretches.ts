/** How a long outbox is cut into frames. Twin: `stretches` in `sync_engine/outbox.py`. */
import { FRAME_BYTES_MAX } from "../codec/frame.ts";
import { INT_MAX } from "../codec/msgpack.ts";
import type { Recorded } from "./outbox.ts";

const FRAME_OPS = 500;
const HEADER_BYTES = 1024;
/** What an op costs in a frame beyond its own bytes, at worst: its share of a seal and of run lengths. */
const OP_SHARE_BYTES = 8;
const VALUE_BYTES = 32;

/**
 * Cuts consecutive ops into stretches that each fit into one frame. A frame tells times as differences, and none of
 * them may be beyond what an integer holds, however wrong a clock was. A stretch of one op may be longer than `bytesMax`.
 */
export const stretches = (
  entries: readonly Recorded[],
  bytesMax: number = FRAME_BYTES_MAX,
): (readonly Recorded[])[] => {
  const cut: (readonly Recorded[])[] = [];
  let [first, size] = [0, HEADER_BYTES];
  entries.forEach((entry, number) => {
    const beside = entry.values.reduce((sum, [, value]) => sum + value.length + VALUE_BYTES, 0);
    const cost = entry.data.length + OP_SHARE_BYTES + beside;
    const isFull = number - first === FRAME_OPS || size + cost > bytesMax;
    const isFar = Math.abs(entry.op.at - (entries[number - 1]?.op.at ?? entry.op.at)) > INT_MAX;
    if (number > first && (isFull || isFar)) {
      cut.push(entries.slice(first, number));
      [first, size] = [number, HEADER_BYTES];
    }
    size += cost;
  });
  if (entries.length > 0) cut.push(entries.slice(first));
  return cut;
};
