/** What is owed, by partner, line by line. */
import type { VNode } from "preact";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { formatQuantity, kilograms } from "../../app/items.ts";
import { lotName, namesFrom } from "../../app/names.ts";
import { isManager } from "../../app/roles.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatMoney, formatPrice } from "../../i18n/format.ts";
import { t, tOr } from "../../i18n/i18n.ts";
import type { Row } from "../../sync/rows.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { Card, Facts, List, ListRow } from "../../ui/Card.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { go } from "../../ui/router.ts";

const word = (value: unknown): string => (typeof value === "string" ? value : "");
const whole = (value: unknown): number => (typeof value === "number" ? value : 0);

const sums = ({ payableFen, receivableFen }: Row<"statement">): string =>
  [
    payableFen === 0 ? "" : `${t("statement.payable")} ${formatMoney(payableFen)}`,
    receivableFen === 0 ? "" : `${t("statement.receivable")} ${formatMoney(receivableFen)}`,
  ]
    .filter((part) => part !== "")
    .join(" · ") || t("statement.even");

/** What was deducted in the weighing that a line of a statement settles, from the record of its `settle`. */
const deductedOf = (
  settled: readonly { readonly value: unknown }[],
  [op, , , item, lot, qty]: readonly unknown[],
): { readonly grams: number; readonly reason: string } | null => {
  const record = settled.map(({ value }) => value).find((value) => Array.isArray(value) && value[0] === op);
  const lines: unknown = Array.isArray(record) ? record[4] : null;
  const line: unknown = Array.isArray(lines)
    ? lines.find(
        (each: unknown) =>
          Array.isArray(each) && each[1] === item && each[2] === lot && each[3] === qty && whole(each[7]) > 0,
      )
    : undefined;
  return Array.isArray(line) ? { grams: whole(line[7]), reason: word(line[8]) } : null;
};

const useLineText = (): ((line: readonly unknown[]) => string) => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const settled = ledger.untyped("record.settle").value;
  return (line) => {
    const [, , , item, , qty, weight, price, unit] = line;
    const deducted = deductedOf(settled, line);
    const amount = formatQuantity(
      names.facts(word(item)),
      whole(qty),
      typeof weight === "number" ? weight : null,
    );
    const less =
      deducted === null ? "" : ` − ${kilograms(deducted.grams)} (${deducted.reason || t("word.deduction")})`;
    return `${amount}${less} × ${formatPrice(whole(price))}/${tOr(`unit.${word(unit)}`, word(unit))}`;
  };
};

const Statement = ({ statement }: { readonly statement: Row<"statement"> }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const textOf = useLineText();
  const crates = ledger
    .rows("balance")
    .value.filter(
      ({ item, place, q }) =>
        place === `partner:${statement.partner}` && names.facts(item).isReturnable && q !== 0,
    );
  return (
    <Screen
      title={names.partner(statement.partner)}
      subtitle={t("home.statements")}
      actions={
        <BigButton
          label={t("kind.payment")}
          icon="scale"
          onPress={() => go(["payment", statement.partner])}
        />
      }
    >
      <Card>
        <Facts
          facts={[
            { label: t("statement.payable"), value: <strong>{formatMoney(statement.payableFen)}</strong> },
            {
              label: t("statement.receivable"),
              value: <strong>{formatMoney(statement.receivableFen)}</strong>,
            },
            ...crates.map(({ item, q }) => ({
              label: t("statement.crates", { item: names.item(item) }),
              value: formatQuantity(names.facts(item), q),
            })),
          ]}
        />
      </Card>
      <List label={t("statement.lines")}>
        {statement.lines.map((line, index) => {
          const [, what, fen, item, lot] = line;
          const id = word(item);
          return (
            <ListRow
              key={index}
              title={
                id === ""
                  ? tOr(`statement.${word(what)}`, word(what))
                  : `${names.item(id)} ${word(lot) === "" ? "" : lotName(word(lot))}`
              }
              {...(id === "" ? {} : { detail: textOf(line) })}
              value={formatMoney(whole(fen))}
            />
          );
        })}
      </List>
    </Screen>
  );
};

export const StatementsScreen = ({ rest }: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const statements = ledger.rows("statement").value;
  const chosen = statements.find(({ partner }) => partner === rest[0]);
  if (chosen !== undefined) return <Statement statement={chosen} />;
  return (
    <Screen title={t("home.statements")} wide>
      <List label={t("home.statements")}>
        {statements.map((statement) => (
          <ListRow
            key={statement.partner}
            icon="scale"
            title={names.partner(statement.partner)}
            detail={sums(statement)}
            onPress={() => go(["statements", statement.partner])}
          />
        ))}
        {statements.length === 0 ? (
          <EmptyState icon="scale" title={t("statement.none")} text={t("statement.noneHint")} />
        ) : null}
      </List>
      {isManager(ledger.state.person.value) ? (
        <Button label={t("settle.title")} icon="edit" onPress={() => go(["settle"])} />
      ) : null}
    </Screen>
  );
};
