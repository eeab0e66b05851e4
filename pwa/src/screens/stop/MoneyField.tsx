/** An amount of money on the same big keys: typed in yuan, kept in fen. */
import type { VNode } from "preact";
import { type DisplayUnit, typedOf } from "../../ui/quantity.ts";
import { QuantityField } from "../../ui/QuantityField.tsx";

const YUAN: DisplayUnit = { id: "yuan", name: "unit.yuan", ratio: [100, 1] };
const FEN: DisplayUnit = { id: "fen", name: "unit.fen", ratio: [1, 1] };

export const MoneyField = ({
  label,
  fen,
  onChange,
}: {
  readonly label: string;
  readonly fen: number;
  readonly onChange: (fen: number) => void;
}): VNode => (
  <QuantityField
    label={label}
    units={[YUAN]}
    base={FEN}
    {...(fen === 0 ? {} : { typed: { text: typedOf(fen, YUAN) ?? "", unit: YUAN } })}
    onConfirm={onChange}
  />
);
