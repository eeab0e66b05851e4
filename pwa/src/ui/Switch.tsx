import type { VNode } from "preact";
import { Icon } from "./Icon.tsx";
import { pressed } from "./press.ts";

/** Yes or no as one wide row; what it means stands beside it, not only its colour. */
export const Switch = ({
  label,
  hint,
  on,
  onChange,
}: {
  readonly label: string;
  readonly hint?: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
}): VNode => (
  <button
    type="button"
    class="field switch"
    role="switch"
    aria-checked={on}
    onClick={() => pressed(() => onChange(!on))}
  >
    <span class="field-words">
      <span class="switch-label">{label}</span>
      {hint === undefined ? null : <small>{hint}</small>}
    </span>
    <span class={`switch-box ${on ? "is-on" : ""}`}>{on ? <Icon name="check" size={26} /> : null}</span>
  </button>
);
