/** A quantity in a form: shows what was typed in its unit, opens the pad in a sheet. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { Icon } from "./Icon.tsx";
import { NumberPad, type NumberPadProps } from "./NumberPad.tsx";
import { formatAmount, unitName } from "./quantity.ts";
import { Sheet } from "./Sheet.tsx";

export const QuantityField = ({
  label,
  onConfirm,
  ...pad
}: NumberPadProps & { readonly label: string }): VNode => {
  const [open, setOpen] = useState(false);
  const { typed, expected, units } = pad;
  return (
    <>
      <button
        type="button"
        class={`field ${typed === undefined ? "is-empty" : ""}`}
        onClick={() => setOpen(true)}
      >
        <span class="field-words">
          <span class="field-label">{label}</span>
          {expected === undefined ? null : (
            <small>{t("pad.expected", { expected: formatAmount(expected, typed?.unit ?? units[0]) })}</small>
          )}
        </span>
        <span class="field-value">
          {typed === undefined ? "–" : typed.text}
          <small>{unitName(typed?.unit ?? units[0])}</small>
        </span>
        <Icon name="edit" size={22} />
      </button>
      {open ? (
        <Sheet title={label} onClose={() => setOpen(false)}>
          <NumberPad
            {...pad}
            onConfirm={(amount, entered) => {
              setOpen(false);
              onConfirm(amount, entered);
            }}
          />
        </Sheet>
      ) : null}
    </>
  );
};

/** Words in a form: a name, a reason, a note. */
export const TextField = ({
  label,
  value,
  onInput,
  hint,
  mode = "text",
  autofocus,
}: {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: string;
  readonly mode?: "text" | "numeric" | "tel" | "search" | "password";
  readonly autofocus?: boolean;
}): VNode => (
  <label class="text-field">
    <span>{label}</span>
    <input
      type={mode === "password" ? "password" : "text"}
      inputMode={mode === "password" ? "numeric" : mode}
      value={value}
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
      autofocus={autofocus === true}
      {...(hint === undefined ? {} : { placeholder: hint })}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  </label>
);
