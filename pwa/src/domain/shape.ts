/**
 * Shapes: how a canonical value of the wire becomes a typed one and back.
 *
 * A struct is an array on the wire that only ever grows at its end: a missing trailing element takes its
 * default, an unknown one is read over. Reading refuses what does not fit; writing leaves out trailing
 * defaults. Twin of the array-like structs in `domain/kinds.py`.
 */
import type { Value } from "../codec/msgpack.ts";

export interface Shape<Out, In = Out> {
  /** Throws `Misfit` when the value is none of these. */
  readonly read: (value: Value) => Out;
  readonly write: (value: In) => Value;
}

/** An element that may be left out at the end. */
export interface Optional<Out, In = Out> extends Shape<Out, In> {
  readonly fallback: In;
}

export type Out<S> = S extends Shape<infer O, never> ? O : never;
export type In<S> = S extends { readonly write: (value: infer I) => Value } ? I : never;

/** The value does not fit its shape. */
export interface Misfit extends Error {
  readonly type: "misfit";
}

export const misfit = (reason: string): Misfit =>
  Object.assign(new Error(`misfit: ${reason}`), { type: "misfit" as const });

export const isMisfit = (error: unknown): error is Misfit =>
  error instanceof Error && "type" in error && error.type === "misfit";

const plain = <T extends Value>(name: string, holds: (value: Value) => value is T): Shape<T> => ({
  read: (value) => {
    if (!holds(value)) throw misfit(`not ${name}`);
    return value;
  },
  write: (value) => value,
});

const isArray = (value: Value): value is readonly Value[] => Array.isArray(value);

export const whole: Shape<number> = plain("an integer", (value) => typeof value === "number");
export const natural: Shape<number> = plain(
  "a natural number",
  (value): value is number => typeof value === "number" && value >= 0,
);
export const bool: Shape<boolean> = plain("a boolean", (value) => typeof value === "boolean");
export const anything: Shape<Value> = plain("a value", (value): value is Value => value !== undefined);

/** Length is counted in code points, as Python counts. */
export const text = (least: number, most: number): Shape<string> =>
  plain(`text of ${least} to ${most}`, (value): value is string => {
    if (typeof value !== "string" || value.length < least) return false;
    return value.length <= most || [...value].length <= most;
  });

export const matching = (pattern: RegExp): Shape<string> =>
  plain(String(pattern), (value): value is string => typeof value === "string" && pattern.test(value));

export const oneOf = <const T extends string>(...words: readonly T[]): Shape<T> =>
  plain(words.join("|"), (value): value is T => words.includes(value as T));

export const bytes = (length?: number): Shape<Uint8Array> =>
  plain(
    "bytes",
    (value): value is Uint8Array =>
      value instanceof Uint8Array && (length === undefined || value.length === length),
  );

export const nullable = <O, I>(shape: Shape<O, I>): Shape<O | null, I | null> => ({
  read: (value) => (value === null ? null : shape.read(value)),
  write: (value) => (value === null ? null : shape.write(value)),
});

export const list = <O, I>(shape: Shape<O, I>): Shape<readonly O[], readonly I[]> => ({
  read: (value) => {
    if (!isArray(value)) throw misfit("not an array");
    return value.map((element) => shape.read(element));
  },
  write: (value) => value.map((element) => shape.write(element)),
});

type Tuple = readonly Shape<unknown, never>[];

type TupleShape<S extends Tuple> = Shape<
  { readonly [K in keyof S]: Out<S[K]> },
  { readonly [K in keyof S]: In<S[K]> }
>;

const elements = <const S extends Tuple>(fits: (length: number) => boolean, shapes: S): TupleShape<S> => ({
  read: (value) => {
    if (!isArray(value) || !fits(value.length)) throw misfit(`not ${shapes.length} elements`);
    return shapes.map((shape, i) => shape.read(value[i] ?? null)) as { readonly [K in keyof S]: Out<S[K]> };
  },
  write: (value) => shapes.map((shape, i) => shape.write(value[i] as never)),
});

/** A fixed number of elements, kept as an array: for ops, where every version must say the same of one body. */
export const tuple = <const S extends Tuple>(...shapes: S): TupleShape<S> =>
  elements((length) => length === shapes.length, shapes);

/** As `tuple`, of what a server says: what a later version adds at the end is read over. */
export const entry = <const S extends Tuple>(...shapes: S): TupleShape<S> =>
  elements((length) => length >= shapes.length, shapes);

export const optional = <O, I>(shape: Shape<O, I>, fallback: NoInfer<I>): Optional<O, I> => ({
  ...shape,
  fallback,
});

type Elements = Readonly<Record<string, Shape<unknown, never>>>;
type OptionalKey<S> = { [K in keyof S]: S[K] extends { readonly fallback: unknown } ? K : never }[keyof S];

export type StructOut<S> = { readonly [K in keyof S]: Out<S[K]> };
export type StructIn<S> = { readonly [K in Exclude<keyof S, OptionalKey<S>>]: In<S[K]> } & {
  readonly [K in OptionalKey<S>]?: In<S[K]>;
};

interface AnyElement extends Shape<unknown, unknown> {
  readonly fallback?: unknown;
}

const isDefault = (element: AnyElement, value: unknown): boolean =>
  "fallback" in element &&
  (value === element.fallback ||
    (Array.isArray(value) && value.length === 0 && Array.isArray(element.fallback)));

/** Named elements in order: an array on the wire, an object in the code. */
export const struct = <const S extends Elements>(elements: S): Shape<StructOut<S>, StructIn<S>> => {
  const named = Object.entries(elements) as unknown as readonly (readonly [string, AnyElement])[];
  return {
    read: (value) => {
      if (!isArray(value)) throw misfit("not an array");
      const result: Record<string, unknown> = {};
      named.forEach(([name, element], i) => {
        const given = value[i];
        if (given === undefined && !("fallback" in element)) throw misfit(`${name}: missing`);
        result[name] = element.read(given === undefined ? element.write(element.fallback) : given);
      });
      return result as StructOut<S>;
    },
    write: (value) => {
      const given = value as Readonly<Record<string, unknown>>;
      const filled = named.map(([name, element]) => given[name] ?? element.fallback ?? null);
      const kept = named.reduce((size, [, element], i) => (isDefault(element, filled[i]) ? size : i + 1), 0);
      return named.slice(0, kept).map(([, element], i) => element.write(filled[i]));
    },
  };
};
