/** A list to search in: filters in memory, shows at most a hundred rows, because more cannot be read nor drawn in time. */
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { EmptyState } from "./EmptyState.tsx";
import { Icon } from "./Icon.tsx";

/** Drawing 1,000 rows takes 400 ms on a cheap phone. */
export const ROWS_MAX = 100;

export type Found<T> = { readonly shown: readonly T[]; readonly more: number };

/** Every word of the query must stand in one of the keys, in any order. Keys are lower case. */
export const findRows = <T,>(
  rows: readonly T[],
  keysOf: (row: T) => readonly string[],
  query: string,
): Found<T> => {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const shown: T[] = [];
  let more = 0;
  for (const row of rows) {
    const keys = words.length === 0 ? [] : keysOf(row);
    if (!words.every((word) => keys.some((key) => key.includes(word)))) continue;
    if (shown.length < ROWS_MAX) shown.push(row);
    else more += 1;
  }
  return { shown, more };
};

export const SearchList = <T,>({
  rows,
  keysOf,
  idOf,
  render,
  label,
  hint,
  plain = false,
}: {
  readonly rows: readonly T[];
  /** What may be typed to find a row, lower case: name, code, pinyin, initials. */
  readonly keysOf: (row: T) => readonly string[];
  readonly idOf: (row: T) => string;
  readonly render: (row: T) => VNode;
  readonly label: string;
  readonly hint?: string;
  /** Rows that bring a surface of their own, such as cards. */
  readonly plain?: boolean;
}): VNode => {
  const [query, setQuery] = useState("");
  const { shown, more } = useMemo(() => findRows(rows, keysOf, query), [rows, keysOf, query]);
  return (
    <div class="search">
      <label class="search-field">
        <Icon name="search" />
        <input
          type="text"
          inputMode="search"
          value={query}
          placeholder={hint ?? t("do.search")}
          aria-label={label}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
        {query === "" ? null : (
          <button type="button" aria-label={t("do.clear")} onClick={() => setQuery("")}>
            <Icon name="cross" size={20} />
          </button>
        )}
      </label>
      {shown.length === 0 ? (
        <EmptyState icon="search" title={query === "" ? t("list.empty") : t("list.none")} />
      ) : (
        <div class={plain ? "stack" : "list-rows"}>
          {shown.map((row) => (
            <div key={idOf(row)}>{render(row)}</div>
          ))}
        </div>
      )}
      {more === 0 ? null : <p class="search-more">{t("list.more", { n: more })}</p>}
    </div>
  );
};
