/** A few views of one thing, side by side; the choice belongs to the screen. */
import type { VNode } from "preact";
import { Badge } from "./Chip.tsx";

export type Tab<T extends string> = { readonly id: T; readonly label: string; readonly count?: number };

export const Tabs = <T extends string>({
  tabs,
  chosen,
  onChoose,
  label,
}: {
  readonly tabs: readonly Tab<T>[];
  readonly chosen: T;
  readonly onChoose: (id: T) => void;
  readonly label: string;
}): VNode => {
  const move = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const index = tabs.findIndex(({ id }) => id === chosen) + by;
    const next = tabs[(index + tabs.length) % tabs.length];
    if (by !== 0 && next !== undefined) onChoose(next.id);
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(({ id, label: name, count }) => (
        <button
          key={id}
          type="button"
          role="tab"
          aria-selected={id === chosen}
          tabIndex={id === chosen ? 0 : -1}
          onClick={() => onChoose(id)}
        >
          {name}
          {count === undefined ? null : <Badge count={count} tint="plain" />}
        </button>
      ))}
    </div>
  );
};

/** One of two to four choices that all stay visible, such as a unit. */
export const Segments = <T extends string>({
  options,
  chosen,
  onChoose,
  label,
}: {
  readonly options: readonly { readonly id: T; readonly label: string }[];
  readonly chosen: T;
  readonly onChoose: (id: T) => void;
  readonly label: string;
}): VNode => (
  <div class="segments" role="radiogroup" aria-label={label}>
    {options.map((option) => (
      <button
        key={option.id}
        type="button"
        role="radio"
        aria-checked={option.id === chosen}
        onClick={() => onChoose(option.id)}
      >
        {option.label}
      </button>
    ))}
  </div>
);
