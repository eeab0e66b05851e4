/** The frame of a screen with what the ledger knows: state of the sync, the person, the way back. */
import type { ComponentChildren, VNode } from "preact";
import { useComputed } from "@preact/signals";
import { AppShell, type NavItem } from "../ui/AppShell.tsx";
import { go, goBack } from "../ui/router.ts";
import type { SyncSummary } from "../ui/SyncChip.tsx";
import { minuteHand } from "./clock.ts";
import { useLedger } from "./ledger-context.ts";
import { namesFrom } from "./names.ts";

export interface ScreenFrame {
  readonly title: string;
  readonly subtitle?: string;
  /** Where the arrow leads; the screen before when it is left out, no arrow when it is null. */
  readonly onBack?: (() => void) | null;
  readonly actions?: ComponentChildren;
  readonly nav?: readonly NavItem[];
  readonly navChosen?: string;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

export const useSyncSummary = (): SyncSummary => {
  const { state, nowMs } = useLedger();
  return useComputed((): SyncSummary => {
    void minuteHand.value;
    const since = state.pendingSinceMs.value;
    return {
      online: state.online.value,
      syncing: state.syncing.value,
      pending: state.pendingCount.value,
      waitedMs: since === null ? 0 : Math.max(0, nowMs() - since),
      blocked: state.syncStatus.value.type === "refused",
    };
  }).value;
};

export const Screen = ({ title, subtitle, onBack, children, ...rest }: ScreenFrame): VNode => {
  const ledger = useLedger();
  const sync = useSyncSummary();
  const person = ledger.state.person.value;
  const names = namesFrom(ledger);
  const back = onBack === undefined ? goBack : onBack;
  return (
    <AppShell
      title={title}
      sync={sync}
      onSync={() => go(["outbox"])}
      {...(subtitle === undefined ? {} : { subtitle })}
      {...(back === null ? {} : { onBack: back })}
      {...(person === null
        ? {}
        : {
            person: names.person(person.id) === person.id ? person.name : names.person(person.id),
            onPerson: () => go(["settings"]),
          })}
      {...rest}
    >
      {children}
    </AppShell>
  );
};
