/** Keys for gloves. What is typed stays as typed, with its unit; the exact amount is worked out beside it. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type PlainKey, t } from "../i18n/i18n.ts";
import { BigButton } from "./Button.tsx";
import { Icon } from "./Icon.tsx";
import { pressed } from "./press.ts";
import {
  type DisplayUnit,
  type PadKey,
  type Typed,
  type TypedRefusal,
  formatAmount,
  parseTyped,
  press,
  typedOf,
  unitName,
} from "./quantity.ts";
import { Segments } from "./Tabs.tsx";

const KEYS: readonly PadKey[] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "0", "back"];

/** Keys of a hardware keyboard or a scanner's keypad that mean the same. */
const keyOf = (event: KeyboardEvent): PadKey | undefined => {
  if (event.key === "Backspace") return "back";
  if (event.key === "Delete") return "clear";
  if (event.key === ",") return ".";
  return KEYS.find((key) => key === event.key);
};

const NAMES: Readonly<Partial<Record<PadKey, PlainKey>>> = { ".": "pad.decimal", back: "pad.backspace" };

export const Keys = ({
  onKey,
  decimals = true,
}: {
  readonly onKey: (key: PadKey) => void;
  readonly decimals?: boolean;
}): VNode => (
  <div class="keys">
    {KEYS.map((key) => {
      const name = NAMES[key];
      return (
        <button
          key={key}
          type="button"
          disabled={key === "." && !decimals}
          {...(name === undefined ? {} : { "aria-label": t(name) })}
          onClick={() => onKey(key)}
        >
          {key === "back" ? <Icon name="backspace" size={30} /> : key}
        </button>
      );
    })}
  </div>
);

const refusalText = (refusal: TypedRefusal, base: DisplayUnit): string => {
  switch (refusal.type) {
    case "empty":
      return t("pad.empty");
    case "not-whole":
      return t("pad.notWhole", { unit: unitName(base) });
    case "too-large":
      return t("pad.tooLong");
  }
};

export type NumberPadProps = {
  readonly units: readonly [DisplayUnit, ...DisplayUnit[]];
  /** The unit of the item's integers: what a refusal and the exact amount speak of. */
  readonly base: DisplayUnit;
  readonly typed?: Typed;
  /** In base units; a key copies it, and more than it is pointed out, never refused. */
  readonly expected?: number;
  readonly confirm?: string;
  readonly onConfirm: (amount: number, typed: Typed) => void;
};

/** Enter a quantity. Opens empty: confirming without typing enters nothing. */
export const NumberPad = ({ units, base, typed, expected, confirm, onConfirm }: NumberPadProps): VNode => {
  const [text, setText] = useState(typed?.text ?? "");
  const [unit, setUnit] = useState(typed?.unit ?? units[0]);
  const parsed = parseTyped(text, unit);
  const all = expected === undefined ? undefined : typedOf(expected, unit);
  const over = parsed.ok && expected !== undefined && parsed.amount > expected;

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const key = keyOf(event);
      if (key !== undefined) setText((before) => press(before, key));
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  return (
    <div class="pad">
      <div class={`pad-value ${over ? "is-over" : ""}`} aria-live="polite">
        <output>{text === "" ? "0" : text}</output>
        <span class="pad-unit">{unitName(unit)}</span>
      </div>
      <div class="pad-notes">
        {expected === undefined ? null : (
          <span>
            {over
              ? t("pad.over", { expected: formatAmount(expected, unit) })
              : t("pad.expected", { expected: formatAmount(expected, unit) })}
          </span>
        )}
        {parsed.ok && unit.id !== base.id ? <span>= {formatAmount(parsed.amount, base)}</span> : null}
        {!parsed.ok && text !== "" ? <span class="is-bad">{refusalText(parsed.refusal, base)}</span> : null}
      </div>
      {units.length === 1 && all === undefined ? null : (
        <div class="pad-tools">
          {units.length === 1 ? null : (
            <Segments
              label={t("pad.unit")}
              options={units.map((each) => ({ id: each.id, label: unitName(each) }))}
              chosen={unit.id}
              onChoose={(id) => setUnit(units.find((each) => each.id === id) ?? unit)}
            />
          )}
          {all === undefined ? null : (
            <button type="button" class="button look-secondary" onClick={() => pressed(() => setText(all))}>
              {t("pad.all")}
            </button>
          )}
        </div>
      )}
      <Keys onKey={(key) => setText((before) => press(before, key))} />
      <BigButton
        label={confirm ?? t("do.confirm")}
        icon="check"
        disabled={!parsed.ok}
        onPress={() => {
          if (parsed.ok) onConfirm(parsed.amount, { text, unit });
        }}
      />
    </div>
  );
};
