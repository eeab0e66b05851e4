/** Something comes back from a partner: empty crates most of all, refused goods sometimes. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { recorded } from "../../app/act.ts";
import type { ScreenProps } from "../../app/lazy-screen.tsx";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { useReading } from "../../app/reading.ts";
import { Screen } from "../../app/Screen.tsx";
import { t } from "../../i18n/i18n.ts";
import { BigButton, Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
import { goBack } from "../../ui/router.ts";
import { ScanBox } from "../../ui/ScanBox.tsx";
import { ChoiceField, ChoiceSheet, isStandingPlace } from "../lines/choices.tsx";
import { type DraftLine, EMPTY_LINE, addLine, toLine } from "../lines/draft.ts";
import { LineList } from "../lines/LineList.tsx";
import { LineSheet } from "../lines/LineSheet.tsx";

export const ReturnScreen = ({ rest }: ScreenProps): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const crateItem = ledger.rows("item").value.find(({ id }) => names.facts(id).isReturnable)?.id ?? null;
  const [partner, setPartner] = useState(rest[0] ?? "");
  const [to, setTo] = useState("");
  const [reason, setReason] = useState(t("stop.emptyCrates"));
  const [lines, setLines] = useState<readonly DraftLine[]>([]);
  const [editing, setEditing] = useState<DraftLine | null>(null);
  const [open, setOpen] = useState<"partner" | "item" | "place" | null>(null);
  const [busy, setBusy] = useState(false);
  useReading((reading) => {
    if (reading.type === "place") {
      setTo(reading.place);
      return { verdict: "ok", text: names.place(reading.place) };
    }
    if (reading.type !== "goods") return { verdict: "error", text: t("scan.unhandled") };
    setEditing({ ...EMPTY_LINE, item: reading.item, lot: reading.lot ?? "", to });
    return { verdict: "ok", text: names.item(reading.item) };
  });
  const ready = partner !== "" && lines.length > 0;
  const save = async (): Promise<void> => {
    setBusy(true);
    const ref = await recorded(ledger, "return", { partner, order: null, reason, lines: lines.map(toLine) });
    setBusy(false);
    if (ref !== null) goBack();
  };
  return (
    <Screen
      title={t("home.cratesBack")}
      actions={
        <BigButton
          label={t("return.do")}
          icon="check"
          busy={busy}
          disabled={!ready}
          {...(ready ? {} : { hint: t("return.gap") })}
          onPress={() => void save()}
        />
      }
    >
      <ChoiceField
        label={t("return.from")}
        value={partner === "" ? null : names.partner(partner)}
        icon="hand"
        onPress={() => setOpen("partner")}
      />
      <ChoiceField
        label={t("line.to")}
        value={to === "" ? null : names.place(to)}
        icon="place"
        onPress={() => setOpen("place")}
      />
      {crateItem === null ? null : (
        <Button
          label={t("return.addCrates", { item: names.item(crateItem) })}
          icon="plus"
          onPress={() => setEditing({ ...EMPTY_LINE, item: crateItem, to })}
        />
      )}
      <ScanBox prompt={t("return.scan")} />
      {lines.length === 0 ? null : (
        <LineList
          lines={lines}
          label={t("return.lines")}
          onRemove={(index) => setLines(lines.filter((_, each) => each !== index))}
        />
      )}
      <Button label={t("line.byHand")} icon="box" onPress={() => setOpen("item")} />
      <TextField label={t("word.reason")} value={reason} onInput={setReason} />
      {editing === null ? null : (
        <LineSheet
          key={editing.item}
          initial={editing}
          lotsAt=""
          placeEnd="to"
          onClose={() => setEditing(null)}
          onDone={(line) => {
            setLines(addLine(lines, line));
            if (to === "") setTo(line.to);
            setEditing(null);
          }}
        />
      )}
      {open === "partner" ? (
        <ChoiceSheet
          table="partner"
          title={t("return.from")}
          onChoose={setPartner}
          onClose={() => setOpen(null)}
        />
      ) : open === "item" ? (
        <ChoiceSheet
          table="item"
          title={t("word.item")}
          onChoose={(item) => setEditing({ ...EMPTY_LINE, item, to })}
          onClose={() => setOpen(null)}
        />
      ) : open === "place" ? (
        <ChoiceSheet
          table="place"
          title={t("line.to")}
          only={isStandingPlace(ledger.rows("place").value)}
          onChoose={setTo}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </Screen>
  );
};
