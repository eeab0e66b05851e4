/** A PIN on big keys. What is typed is never shown; how many digits, is. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { BigButton } from "./Button.tsx";
import { Icon } from "./Icon.tsx";
import { pressed } from "./press.ts";

export const PIN_MIN = 4;
const PIN_MAX = 12;

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

const Dots = ({ length }: { readonly length: number }): VNode => (
  <div class="pin-dots" aria-live="polite" aria-label={t("pin.digits", { n: length })}>
    {Array.from({ length: Math.max(PIN_MIN, length) }, (_, index) => (
      <span key={index} class={index < length ? "is-full" : ""} />
    ))}
  </div>
);

export const PinPad = ({
  label,
  confirm,
  disabled = false,
  busy = false,
  onPin,
}: {
  readonly label: string;
  readonly confirm: string;
  readonly disabled?: boolean;
  readonly busy?: boolean;
  /** The pad empties itself: what is wrong is typed again from the start. */
  readonly onPin: (pin: string) => void;
}): VNode => {
  const [pin, setPin] = useState("");
  const add = (digit: string): void =>
    setPin((before) => (before.length < PIN_MAX ? before + digit : before));
  const submit = (): void => {
    if (pin.length < PIN_MIN || disabled || busy) return;
    setPin("");
    onPin(pin);
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.target instanceof HTMLInputElement && !event.target.classList.contains("wedge")) return;
      if (/^\d$/.test(event.key)) add(event.key);
      else if (event.key === "Backspace") setPin((before) => before.slice(0, -1));
      else if (event.key === "Enter") submit();
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    document.addEventListener("keydown", onKey, { capture: true });
    return () => document.removeEventListener("keydown", onKey, { capture: true });
  });
  return (
    <div class="pin">
      <p class="pin-label">{label}</p>
      <Dots length={pin.length} />
      <div class="keys">
        {DIGITS.map((digit) => (
          <button key={digit} type="button" disabled={disabled} onClick={() => pressed(() => add(digit))}>
            {digit}
          </button>
        ))}
        <button type="button" disabled={disabled} aria-label={t("do.clear")} onClick={() => setPin("")}>
          <Icon name="cross" size={28} />
        </button>
        <button type="button" disabled={disabled} onClick={() => pressed(() => add("0"))}>
          0
        </button>
        <button
          type="button"
          disabled={disabled}
          aria-label={t("pad.backspace")}
          onClick={() => setPin((before) => before.slice(0, -1))}
        >
          <Icon name="backspace" size={30} />
        </button>
      </div>
      <BigButton
        label={confirm}
        icon="check"
        disabled={disabled || pin.length < PIN_MIN}
        busy={busy}
        onPress={submit}
      />
    </div>
  );
};
