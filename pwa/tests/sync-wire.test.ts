import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../src/codec/bytes.ts";
import { isMalformed, type Value } from "../src/codec/msgpack.ts";
import { decodeReply, encodeRequest } from "../src/sync/wire.ts";
import { type Plain, readVectors, unplain } from "./vectors.ts";

interface Message {
  readonly name?: string;
  readonly fields: readonly Plain[];
  readonly hex: string;
}
const vectors = readVectors<{
  requests: Message[];
  replies: Message[];
  bad_replies?: { name: string; hex: string }[];
}>("ops/sync.json");

describe("the messages of a round trip", () => {
  it.each(vectors.requests)("a request is the same bytes in every language ($#)", ({ fields, hex }) => {
    const [
      ,
      device,
      nowMs,
      run,
      session,
      cursor,
      page,
      buckets,
      frames,
      relayed,
      pending = 0,
      held = null,
      known = "",
    ] = fields.map(unplain);
    const snapshots =
      (held as Value[][] | null)?.map(([bucket, manifest, isComplete]) => ({
        bucket,
        manifest,
        isComplete,
      })) ?? null;
    const request = {
      device,
      nowMs,
      run,
      session,
      cursor,
      page,
      buckets,
      frames,
      relayed,
      pending,
      snapshots,
      known,
    };
    expect(toHex(encodeRequest(request as Parameters<typeof encodeRequest>[0]))).toBe(hex);
  });

  it.each(vectors.replies)("a reply is read: $name", ({ fields, hex }) => {
    const reply = decodeReply(fromHex(hex));
    const [, nowMs, logSize, pull, cursor, page, dropped, rows, settled] = fields.map(unplain);
    expect(reply).toMatchObject({ nowMs, logSize, pull, cursor, page, dropped, settled });
    expect(reply.rows.map(({ bucket, table, key, value }) => [bucket, table, key, value])).toStrictEqual(
      rows,
    );
    const [offers, based] = [fields[14] ?? [], fields[15] ?? []].map((one) => unplain(one));
    expect(reply.snapshots.map((one) => Object.values(one))).toStrictEqual(offers);
    expect(reply.based.map((one) => Object.values(one))).toStrictEqual(based);
    const [covered, branches] = [fields[16] ?? [], fields[17] ?? []].map((one) => unplain(one));
    expect([reply.covered, reply.branches]).toStrictEqual([covered, branches]);
    const recovering = reply.recovering === null ? null : Object.values(reply.recovering);
    expect(recovering).toStrictEqual(fields[18] ?? null);
  });

  it.each(["", "3c68746d6c3e", "90", "9e02", ...(vectors.bad_replies ?? []).map(({ hex }) => hex)])(
    "what is no reply is refused: %s",
    (hex) => {
      let error: unknown;
      try {
        decodeReply(fromHex(hex));
      } catch (thrown) {
        error = thrown;
      }
      expect(isMalformed(error)).toBe(true);
    },
  );
});
