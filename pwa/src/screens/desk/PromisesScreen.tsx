/** Who holds what: stock promised to phones and to orders, until when; and the way to take it back. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { fromHex } from "../../codec/bytes.ts";
import { recorded } from "../../app/act.ts";
import { minuteHand } from "../../app/clock.ts";
import { formatQuantity } from "../../app/items.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { type Names, lotName, namesFrom } from "../../app/names.ts";
import { promisesOf } from "../../app/promises.ts";
import { isManager } from "../../app/roles.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatInstant } from "../../i18n/format.ts";
import { type PlainKey, t } from "../../i18n/i18n.ts";
import type { Ledger, OpRef } from "../../sync/ledger-types.ts";
import type { Row } from "../../sync/rows.ts";
import { BigButton } from "../../ui/Button.tsx";
import { List, ListRow } from "../../ui/Card.tsx";
import { Chip, Notice, type Tint } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Sheet } from "../../ui/Sheet.tsx";

type Lease = Row<"lease">;
type Reservation = Row<"reservation">;

const STATES: Readonly<Record<string, readonly [Tint, PlainKey]>> = {
  live: ["ok", "promises.live"],
  recalled: ["info", "promises.recalled"],
  lapsed: ["warn", "promises.lapsed"],
};

const StateChip = ({ lease }: { readonly lease: Lease }): VNode => {
  if (lease.doubts.length > 0) return <Chip tint="bad" label={t("promises.risk")} />;
  const isUsed = lease.used >= lease.qty;
  const [tint, word] = isUsed
    ? (["ok", "promises.used.all"] as const)
    : (STATES[lease.state] ?? (["warn", "promises.lapsed"] as const));
  return <Chip tint={tint} label={t(word)} />;
};

const goodsOf = (names: Names, { item, lot }: { readonly item: string; readonly lot: string }): string =>
  lot === "" ? names.item(item) : `${names.item(item)} ${lotName(lot)}`;

/** The intent that led to the lease is taken back; a task stays, as work for whoever is free. */
const takeBack = (ledger: Ledger, lease: Lease): Promise<OpRef | null> => {
  const task = lease.task === null ? null : ledger.row("task", lease.task).value;
  if (task !== null) {
    const { id, work, order, place } = task;
    const lines = task.lines.map(([item, lot, from, to, qty, weight]) => ({
      item,
      lot,
      from,
      to,
      qty,
      weight,
    }));
    const fields = { task: id, work: work as "pick" | "move", assignee: null, order, lines, place };
    return recorded(ledger, "task", fields);
  }
  if (lease.asked === null) return Promise.resolve(null);
  return recorded(ledger, "void", { reason: t("promises.takeBack") }, { names: [fromHex(lease.asked)] });
};

const LeaseSheet = ({ lease, onClose }: { readonly lease: Lease; readonly onClose: () => void }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const [busy, setBusy] = useState(false);
  const until = formatInstant(lease.untilMs, ledger.nowMs());
  const mayTake = isManager(ledger.state.person.value) && lease.state === "live" && lease.used < lease.qty;
  const act = async (): Promise<void> => {
    setBusy(true);
    const ref = await takeBack(ledger, lease);
    setBusy(false);
    if (ref !== null) onClose();
  };
  return (
    <Sheet
      title={goodsOf(names, lease)}
      onClose={onClose}
      {...(mayTake
        ? {
            actions: (
              <BigButton
                label={t("promises.takeBack")}
                icon="undo"
                look="warn"
                busy={busy}
                onPress={() => void act()}
              />
            ),
          }
        : {})}
    >
      <LeaseLine lease={lease} />
      {lease.doubts.map(([index, device]) => (
        <Notice
          key={index}
          tint="bad"
          title={t("promises.risk")}
          text={t("promises.riskHint", { device: names.device(device) })}
        />
      ))}
      {mayTake ? (
        <Notice
          tint="info"
          title={lease.task === null ? t("promises.takeBack") : t("promises.unassigned")}
          text={t("promises.takeBackHint", { until })}
        />
      ) : null}
    </Sheet>
  );
};

const LeaseLine = ({ lease, onPress }: { readonly lease: Lease; readonly onPress?: () => void }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const facts = names.facts(lease.item);
  return (
    <ListRow
      icon="lock"
      title={names.device(lease.device)}
      detail={[
        goodsOf(names, lease),
        names.place(lease.place),
        t("promises.until", { until: formatInstant(lease.untilMs, ledger.nowMs()) }),
        lease.used === 0 ? "" : t("promises.used", { amount: formatQuantity(facts, lease.used) }),
        lease.task ?? lease.order ?? "",
      ]
        .filter((part) => part !== "")
        .join(" · ")}
      value={formatQuantity(facts, Math.max(0, lease.qty - lease.used))}
      end={<StateChip lease={lease} />}
      {...(onPress === undefined ? {} : { onPress })}
    />
  );
};

const ReservationLine = ({
  reservation,
  left,
}: {
  readonly reservation: Reservation;
  readonly left: number;
}): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  return (
    <ListRow
      icon="flag"
      title={reservation.order ?? t("word.reserved")}
      detail={[
        goodsOf(names, reservation),
        names.place(reservation.place),
        t("promises.until", { until: formatInstant(reservation.untilMs, ledger.nowMs()) }),
      ].join(" · ")}
      value={formatQuantity(names.facts(reservation.item), left)}
    />
  );
};

export const PromisesScreen = (): VNode => {
  const ledger = useLedger();
  void minuteHand.value; // promises end by the clock
  const [open, setOpen] = useState<number | null>(null);
  const promises = promisesOf(ledger).value;
  const leases = [...promises.leases].sort(
    (a, b) => b.doubts.length - a.doubts.length || a.untilMs - b.untilMs,
  );
  // What a phone holds for an order is no longer the order's alone.
  const reservations = ledger.rows("reservation").value.flatMap((row) => {
    if (row.device !== null) return [];
    const { order, left } = row;
    const some = order === null ? left : Math.min(left, promises.reservedFor(row, { task: null, order }));
    return some === 0 ? [] : [{ row, some }];
  });
  const chosen = leases.find((lease) => lease.index === open);
  return (
    <Screen title={t("home.promises")} wide>
      {leases.length + reservations.length === 0 ? (
        <List>
          <EmptyState icon="lock" title={t("promises.none")} text={t("promises.noneHint")} />
        </List>
      ) : null}
      {leases.length === 0 ? null : (
        <List label={t("promises.what")}>
          {leases.map((lease) => (
            <LeaseLine key={lease.index} lease={lease} onPress={() => setOpen(lease.index)} />
          ))}
        </List>
      )}
      {reservations.length === 0 ? null : (
        <List label={t("promises.reserved")}>
          {reservations.map(({ row, some }) => (
            <ReservationLine key={row.key} reservation={row} left={some} />
          ))}
        </List>
      )}
      {chosen === undefined ? null : <LeaseSheet lease={chosen} onClose={() => setOpen(null)} />}
    </Screen>
  );
};
