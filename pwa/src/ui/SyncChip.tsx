/** What is not yet on the server: always in view, never in the way. */
import type { VNode } from "preact";
import { formatAge } from "../i18n/format.ts";
import { t } from "../i18n/i18n.ts";
import type { Tint } from "./Chip.tsx";
import { Icon, type IconName } from "./Icon.tsx";
import { pressed } from "./press.ts";

export type SyncSummary = {
  readonly online: boolean;
  readonly syncing: boolean;
  /** Ops that are not yet on the server. */
  readonly pending: number;
  /** How long the oldest of them has waited. */
  readonly waitedMs: number;
  /** The server answered and refused: someone must act. */
  readonly blocked: boolean;
};

/** Work that has waited half a shift is worth a walk to the signal. */
export const AGED_MS = 4 * 60 * 60 * 1000;

export type SyncFace = { readonly tint: Tint; readonly icon: IconName; readonly text: string };

export const syncFace = ({ online, syncing, pending, waitedMs, blocked }: SyncSummary): SyncFace => {
  if (blocked && pending > 0) return { tint: "bad", icon: "alert", text: t("sync.problem", { n: pending }) };
  if (pending > 0 && waitedMs >= AGED_MS) {
    return { tint: "bad", icon: "clock", text: t("sync.aged", { n: pending, age: formatAge(waitedMs) }) };
  }
  if (!online) {
    const text = pending > 0 ? t("sync.offlinePending", { n: pending }) : t("sync.offline");
    return { tint: pending > 0 ? "warn" : "plain", icon: "cloudOff", text };
  }
  if (syncing) return { tint: "info", icon: "sync", text: t("sync.syncing") };
  if (pending > 0) return { tint: "warn", icon: "upload", text: t("sync.pending", { n: pending }) };
  return { tint: "ok", icon: "check", text: t("sync.synced") };
};

export const SyncChip = ({
  sync,
  onPress,
}: {
  readonly sync: SyncSummary;
  readonly onPress?: () => void;
}): VNode => {
  const { tint, icon, text } = syncFace(sync);
  return (
    <button type="button" class={`chip sync-chip tint-${tint}`} onClick={() => pressed(() => onPress?.())}>
      <Icon name={icon} size={18} />
      {text}
    </button>
  );
};
