/** The shape of a catalogue: what a message is, and which parameters its text asks for. */

/** Most languages change a message with a number; the parameter `n` chooses by Intl.PluralRules. */
export type Plural = { readonly one?: string; readonly other: string };

export type Message = string | Plural;

type Names<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/** The parameters of a message, read from its `{braces}` by the compiler. */
export type ParamsOf<M> = M extends string
  ? Names<M>
  : M extends { readonly other: infer Other extends string }
    ? Names<Other>
    : never;

/** The names between braces, at run time: tests hold the two catalogues together with it. */
export const paramNames = (message: Message): readonly string[] => {
  const texts = typeof message === "string" ? [message] : Object.values(message);
  const names = texts.flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ""));
  return [...new Set(names)].sort();
};

/** Fill `{braces}`; a name without a value stays visible, so that nobody overlooks it. */
export const fill = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (brace, name: string) => values[name] ?? brace);

export const chooseForm = (message: Message, count: number | undefined, rules: Intl.PluralRules): string => {
  if (typeof message === "string") return message;
  if (count !== undefined && rules.select(count) === "one") return message.one ?? message.other;
  return message.other;
};
