/** What was read from codes or a file, in words; and whose it is. */
import { formatDateTime } from "../../i18n/format.ts";
import { t } from "../../i18n/i18n.ts";
import type { CarriedFor, Ledger, Taken } from "../../sync/ledger-types.ts";
import type { Tint } from "../../ui/Chip.tsx";

export const deviceName = (ledger: Ledger, device: string): string => {
  const name = ledger.row("device", device).value?.name ?? "";
  return name === "" ? t("relay.somePhone", { id: device.slice(0, 6) }) : name;
};

export interface Outcome {
  readonly tint: Exclude<Tint, "plain">;
  readonly title: string;
  readonly text?: string;
}

type Read = Extract<Taken, { readonly ok: true }>;

const heardOf = ({ heard }: Read): readonly Outcome[] =>
  heard.map((said): Outcome => {
    if (said.ok) {
      const { bearer, atMs } = said.value;
      const at = formatDateTime(atMs);
      return {
        tint: "ok",
        title: t("relay.heard", { n: said.records }),
        text: bearer === "" ? t("relay.heardFromServer", { at }) : t("relay.heardFrom", { name: bearer, at }),
      };
    }
    switch (said.code) {
      case "other-device":
        return { tint: "warn", title: t("relay.otherDevice"), text: t("relay.otherDeviceHint") };
      case "no-server-key":
        return { tint: "warn", title: t("relay.noServerKey"), text: t("relay.noServerKeyHint") };
      case "lost-log":
        return { tint: "warn", title: t("relay.lostLog"), text: t("relay.lostLogHint") };
      case "malformed-acknowledgement":
      case "false-acknowledgement":
        return { tint: "bad", title: t("relay.falseWord"), text: t("relay.falseWordHint") };
    }
  });

/** At least one; the first is the one to be heard. */
export const outcomeOf = (ledger: Ledger, taken: Taken): readonly Outcome[] => {
  if (!taken.ok) return [{ tint: "bad", title: t("relay.unreadable"), text: t("relay.unreadableHint") }];
  const told: Outcome[] = taken.from.map(({ device, records }) => ({
    tint: "ok",
    title: t("relay.taken", { name: deviceName(ledger, device), n: records }),
    text: t("relay.takenHint"),
  }));
  told.push(...heardOf(taken));
  if (taken.own > 0) told.push({ tint: "info", title: t("relay.ownWork"), text: t("relay.ownWorkHint") });
  if (taken.foreign > 0)
    told.push({
      tint: "warn",
      title: t("relay.foreign"),
      text: t("relay.foreignHint", { n: taken.foreign }),
    });
  if (taken.junk > 0) told.push({ tint: "warn", title: t("relay.junk", { n: taken.junk }) });
  return told.length === 0 ? [{ tint: "warn", title: t("relay.empty") }] : told;
};

/** How far another phone's work has come on its way through this one. */
export const stageWords = ({
  stage,
  code,
}: CarriedFor): { readonly word: string; readonly hint: string; readonly tint: Tint } => {
  switch (stage) {
    case "here":
      return { word: t("carry.here"), hint: t("carry.hereHint"), tint: "warn" };
    case "kept-back":
      return { word: t("carry.keptBack"), hint: t("carry.keptBackHint"), tint: "warn" };
    case "refused":
      return code === "kept-unread"
        ? { word: t("carry.unread"), hint: t("carry.unreadHint"), tint: "info" }
        : { word: t("carry.refused"), hint: t("carry.refusedHint"), tint: "bad" };
    case "sent":
      return { word: t("carry.sent"), hint: t("carry.sentHint"), tint: "info" };
    case "beside":
      return { word: t("carry.beside"), hint: t("carry.besideHint"), tint: "info" };
    case "done":
      return { word: t("carry.done"), hint: t("carry.doneHint"), tint: "ok" };
  }
};
