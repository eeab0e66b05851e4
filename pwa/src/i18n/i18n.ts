/**
 * What the app says, in the language of the person. `t` reads a signal: a component that calls it
 * while rendering changes by itself when the language changes. A missing key or parameter does not compile.
 */
import { computed, signal } from "@preact/signals";
import { read, write } from "../app/stored.ts";
import { type Message, type ParamsOf, chooseForm, fill } from "./message.ts";
import type { zhCN } from "./zh-CN.ts";
import { zhFirst } from "./zh-first.ts";

export type MessageKey = keyof typeof zhCN;
export type Catalogue = Readonly<Record<MessageKey, Message>>;
export type Language = "zh-CN" | "en";

/** A key plus its parameters, if its text has any. */
export type MessageArgs<K extends MessageKey> = [ParamsOf<(typeof zhCN)[K]>] extends [never]
  ? []
  : [params: Readonly<Record<ParamsOf<(typeof zhCN)[K]>, string | number>>];

/** A key whose text asks for nothing: what tables of words hold. */
export type PlainKey = {
  [K in MessageKey]: [ParamsOf<(typeof zhCN)[K]>] extends [never] ? K : never;
}[MessageKey];

export const LANGUAGES: readonly { readonly id: Language; readonly name: string }[] = [
  { id: "zh-CN", name: "中文" },
  { id: "en", name: "English" },
];

const STORED_AS = "gobi.language";

const state = signal<{ readonly language: Language; readonly catalogue: Catalogue }>({
  language: "zh-CN",
  // The rest follows at once, and screens wait for it: `wholeCatalogue`.
  catalogue: zhFirst as unknown as Catalogue,
});

export const language = computed(() => state.value.language);
const rules = computed(() => new Intl.PluralRules(language.value));
const numbers = computed(() => new Intl.NumberFormat(language.value, { maximumFractionDigits: 6 }));

const say = (
  message: Message | undefined,
  params: Readonly<Record<string, string | number>> | undefined,
): string => {
  if (message === undefined) return "";
  const count = params?.["n"];
  const text = chooseForm(message, typeof count === "number" ? count : undefined, rules.value);
  if (params === undefined) return text;
  const values = Object.entries(params).map(([name, value]) => [
    name,
    typeof value === "number" ? numbers.value.format(value) : value,
  ]);
  return fill(text, Object.fromEntries(values) as Record<string, string>);
};

export const t = <K extends MessageKey>(key: K, ...args: MessageArgs<K>): string =>
  say(state.value.catalogue[key], args[0]);

/** A word that comes from data, such as an exception code: its translation, or itself when there is none. */
export const tOr = (key: string, fallback: string): string => {
  const { catalogue } = state.value;
  return Object.hasOwn(catalogue, key) ? say(catalogue[key as MessageKey], undefined) : fallback;
};

/** Catalogues are chunks of their own: a Chinese phone never downloads English. */
const load = async (wanted: Language): Promise<Catalogue> =>
  wanted === "en" ? (await import("./en.ts")).en : (await import("./zh-CN.ts")).zhCN;

const show = async (wanted: Language): Promise<void> => {
  state.value = { language: wanted, catalogue: await load(wanted) };
  if (typeof document !== "undefined") document.documentElement.lang = wanted;
};

let whole: Promise<void> | undefined;

/** Resolves once every word of the present language is there. What the first screens say is there from the start. */
export const wholeCatalogue = (): Promise<void> => {
  whole ??= show(language.value).catch(() => {
    whole = undefined;
  });
  return whole;
};

export const setLanguage = async (wanted: Language): Promise<void> => {
  whole = show(wanted);
  await whole;
  write(STORED_AS, wanted);
};

/** The language chosen before, else the phone's: Chinese unless the phone speaks something else. */
export const initialLanguage = (stored: string | null, phone: readonly string[]): Language => {
  const known = LANGUAGES.find(({ id }) => id === stored);
  if (known !== undefined) return known.id;
  return phone.length === 0 || phone.some((tag) => tag.toLowerCase().startsWith("zh")) ? "zh-CN" : "en";
};

export const startLanguage = async (): Promise<void> => {
  const wanted = initialLanguage(
    read(STORED_AS),
    typeof navigator === "undefined" ? [] : navigator.languages,
  );
  if (wanted === language.value) void wholeCatalogue();
  else {
    whole = show(wanted);
    await whole;
  }
};
