import { describe, expect, it } from "vitest";
import { encode, type Value } from "../src/codec/msgpack.ts";
import { type Kind, readBody, writeBody } from "../src/domain/kinds.ts";
import { isMisfit } from "../src/domain/shape.ts";
import { type Plain, readVectors, unplain } from "./vectors.ts";

interface Sample {
  readonly kind: Kind;
  readonly full: Plain;
  readonly least: Plain;
  readonly short: Plain;
  readonly placeless: readonly Plain[];
}

const { kinds } = readVectors<{ readonly kinds: readonly Sample[] }>("domain/kinds.json");

const wire = (plain: Plain): readonly Value[] => unplain(plain) as readonly Value[];

const rewritten = (kind: Kind, value: readonly Value[]): readonly Value[] => {
  const body = readBody(kind, value);
  if (body === null) throw new Error(`unknown kind: ${kind}`);
  return writeBody(kind, body.fields as never, body.names, body.occurred);
};

const thrownBy = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  return null;
};

describe.each(kinds)("the body of $kind", ({ kind, full, least, short, placeless }) => {
  it("is read and written back byte for byte, full and without its trailing defaults", () => {
    expect(encode(rewritten(kind, wire(full)))).toStrictEqual(encode(wire(full)));
    expect(encode(rewritten(kind, wire(least)))).toStrictEqual(encode(wire(least)));
  });

  it("is read over where a later version has grown it", () => {
    expect(encode(rewritten(kind, [...wire(full), "later"]))).toStrictEqual(encode(wire(full)));
  });

  it("is refused when a field is missing", () => {
    expect(isMisfit(thrownBy(() => readBody(kind, wire(short))))).toBe(true);
  });

  it("is refused when a line leaves a place empty that only it can state", () => {
    expect(placeless.filter((body) => !isMisfit(thrownBy(() => readBody(kind, wire(body)))))).toEqual([]);
  });
});
