/** What every version that shipped has written is read by this app too; the server's part is `tests/unit/test_golden.py`. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { isEqual, toHex } from "../src/codec/bytes.ts";
import { decode } from "../src/codec/msgpack.ts";
import { decodeOp, encodeOp, leafHash } from "../src/codec/op.ts";
import { type Kind, readBody } from "../src/domain/kinds.ts";
import { decodeReply } from "../src/sync/wire.ts";
import { type Plain, unplain } from "./vectors.ts";

const GOLDEN = resolve(import.meta.dirname, "../../tests/golden");
const VERSIONS = readdirSync(GOLDEN, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.each(VERSIONS)("version %s", (version) => {
  const bytes = (name: string): Uint8Array => new Uint8Array(readFileSync(resolve(GOLDEN, version, name)));
  const list = (name: string): readonly Uint8Array[] => decode(bytes(name)) as readonly Uint8Array[];

  it("has ops that are read, and written back as the same bytes", () => {
    for (const data of list("log.bin")) expect(isEqual(encodeOp(decodeOp(data)), data)).toBe(true);
  });

  it("has chains that name their ops by the same hashes", () => {
    const hashes = new Set(list("log.bin").map((data) => toHex(leafHash(data))));
    const later = list("log.bin")
      .map(decodeOp)
      .filter(({ seq }) => seq > 1);
    expect(later.filter(({ prev }) => !hashes.has(toHex(prev)))).toStrictEqual([]);
  });

  it("has bodies of every kind that it knew", () => {
    const told = JSON.parse(readFileSync(resolve(GOLDEN, version, "domain-kinds.json"), "utf8")) as {
      readonly kinds: readonly { readonly kind: Kind; readonly full: Plain; readonly least: Plain }[];
    };
    for (const { kind, full, least } of told.kinds)
      for (const form of [full, least]) expect(readBody(kind, unplain(form) as never), kind).not.toBeNull();
  });

  it("has replies that this app takes", () => {
    for (const data of list("replies.bin")) expect(decodeReply(data).pull).toBe("ok");
  });
});
