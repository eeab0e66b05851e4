/** Choosing by hand what was not scanned: an item, a place, a partner. */
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { codesOf } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { nameOf } from "../../app/names.ts";
import { t } from "../../i18n/i18n.ts";
import type { Register, Row } from "../../sync/rows.ts";
import { ListRow } from "../../ui/Card.tsx";
import { Icon, type IconName } from "../../ui/Icon.tsx";
import { SearchList } from "../../ui/SearchList.tsx";
import { Sheet } from "../../ui/Sheet.tsx";

const keysOf = ({ id, attributes }: Register): readonly string[] =>
  [id, attributes["name"], attributes["name_en"], attributes["pinyin"], ...codesOf(attributes)]
    .filter((key): key is string => typeof key === "string")
    .map((key) => key.toLowerCase());

type Choosable = "item" | "place" | "partner" | "person";

const ICONS: Readonly<Record<Choosable, IconName>> = {
  item: "box",
  place: "place",
  partner: "hand",
  person: "person",
};

export const ChoiceSheet = ({
  table,
  title,
  only,
  onChoose,
  onClose,
}: {
  readonly table: Choosable;
  readonly title: string;
  readonly only?: (row: Register) => boolean;
  readonly onChoose: (id: string) => void;
  readonly onClose: () => void;
}): VNode => {
  const ledger = useLedger();
  const all = ledger.rows(table).value as readonly Row<"item">[];
  const rows = useMemo(() => (only === undefined ? all : all.filter(only)), [all, only]);
  return (
    <Sheet title={title} onClose={onClose}>
      <SearchList
        rows={rows}
        keysOf={keysOf}
        idOf={({ id }) => id}
        label={title}
        render={(row) => (
          <ListRow
            title={nameOf(row, row.id)}
            detail={row.id}
            icon={ICONS[table]}
            onPress={() => {
              onClose();
              onChoose(row.id);
            }}
          />
        )}
      />
    </Sheet>
  );
};

/** A field of a form that a sheet fills; at least as high as a thumb in a glove. */
export const ChoiceField = ({
  label,
  value,
  icon,
  onPress,
}: {
  readonly label: string;
  /** Null: nothing chosen yet. */
  readonly value: string | null;
  readonly icon: IconName;
  readonly onPress: () => void;
}): VNode => (
  <button type="button" class={`field ${value === null ? "is-empty" : ""}`} onClick={onPress}>
    <Icon name={icon} size={24} />
    <span class="field-words">
      <span class="field-label">{label}</span>
      <span class="field-choice">{value ?? t("form.choose")}</span>
    </span>
    <Icon name="forward" size={20} />
  </button>
);

const isPlot = ({ attributes }: Register): boolean => attributes["kind"] === "plot";

/** Our own places where goods can stand: no plots, and no site or vehicle whose parts are places of their own. */
export const isStandingPlace = (places: readonly Register[]): ((row: Register) => boolean) => {
  const parents = new Set(
    places.filter((place) => !isPlot(place)).map(({ attributes }) => attributes["parent"]),
  );
  return (row) => !isPlot(row) && !parents.has(row.id);
};

export const DateField = ({
  label,
  value,
  onInput,
  withTime = false,
}: {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly withTime?: boolean;
}): VNode => (
  <label class="text-field">
    <span>{label}</span>
    <input
      type={withTime ? "datetime-local" : "date"}
      value={value}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  </label>
);
