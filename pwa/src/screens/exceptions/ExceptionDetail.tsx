/** One exception: what happened, why in all likelihood, what to do, and the acts that end it. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLedger } from "../../app/ledger-context.ts";
import { namesFrom } from "../../app/names.ts";
import { atDesk, mayRelease } from "../../app/roles.ts";
import { Screen } from "../../app/Screen.tsx";
import { formatDateTime } from "../../i18n/format.ts";
import { type PlainKey, language, t, tOr } from "../../i18n/i18n.ts";
import type { OpRef } from "../../sync/ledger-types.ts";
import { BigButton, Button, type ButtonLook } from "../../ui/Button.tsx";
import { Card, Facts } from "../../ui/Card.tsx";
import { Notice } from "../../ui/Chip.tsx";
import { TextField } from "../../ui/QuantityField.tsx";
import { go, goBack } from "../../ui/router.ts";
import { type Told, askCause } from "./causes.ts";
import { approve, recount, release, resolve } from "./deeds.ts";
import { DeadlineChip } from "./ExceptionRow.tsx";
import { exceptionWord, happened, likelyCause, whatToDo } from "./facts.ts";
import { type Deed, type Exception, ITSELF, deedsFor, keyOf } from "./inbox.ts";

const WORDS: Readonly<Record<Deed, PlainKey>> = {
  approve: "deed.approve",
  recount: "deed.recount",
  release: "deed.release",
  resolve: "deed.resolve",
  accept: "deed.accept",
  refuse: "deed.refuse",
  adjust: "deed.adjust",
  promises: "deed.promises",
  "open-lot": "deed.open-lot",
};

const LOOKS: Readonly<Partial<Record<Deed, ButtonLook>>> = { refuse: "danger", release: "warn" };

/** Deeds that name an op can only be offered once its hash is known. */
const NAMES_AN_OP: ReadonlySet<Deed> = new Set<Deed>(["approve", "release", "accept", "refuse"]);

const useTold = (exception: Exception): Told | null => {
  const ledger = useLedger();
  const [told, setTold] = useState<Told | null>(null);
  const synced = ledger.state.lastSyncAt.value;
  useEffect(() => {
    let over = false;
    void askCause(ledger, exception).then((cause) => {
      if (!over) setTold(cause);
    });
    return () => {
      over = true;
    };
  }, [exception.id, synced]);
  return told;
};

const useDeed = (
  exception: Exception,
  told: Told | null,
  note: string,
): ((deed: Deed) => Promise<OpRef | null>) => {
  const ledger = useLedger();
  return async (deed) => {
    const hash = told?.hash ?? null;
    switch (deed) {
      case "approve":
        return hash === null ? null : approve(ledger, exception, hash);
      case "release":
        return hash === null ? null : release(ledger, hash, note);
      case "recount":
        return recount(ledger, exception);
      case "accept":
        return resolve(ledger, exception, "accepted", note, hash);
      case "refuse":
        return resolve(ledger, exception, "refused", note, hash);
      case "resolve":
        return resolve(ledger, exception, "accepted", note, null);
      case "adjust":
      case "promises":
      case "open-lot":
        return null;
    }
  };
};

export const ExceptionDetail = ({ exception }: { readonly exception: Exception }): VNode => {
  const ledger = useLedger();
  const names = namesFrom(ledger);
  const person = ledger.state.person.value;
  const told = useTold(exception);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const act = useDeed(exception, told, note);
  const key = keyOf(exception);
  const sentence = language.value === "zh-CN" ? told?.zh : told?.en;
  const deeds = deedsFor(exception.code).filter((deed) => deed !== "release" || mayRelease(person));
  const decides = atDesk(person) && exception.state === "open";
  const run = async (deed: Deed): Promise<void> => {
    if (deed === "promises") return go(["promises"]);
    if (deed === "open-lot" && key !== null) return go(["lot", key.item, key.lot]);
    setBusy(true);
    const ref = await act(deed);
    setBusy(false);
    if (ref !== null) goBack();
  };
  const [first, ...others] = deeds.filter((deed) => deed !== "open-lot" || key !== null);
  const unknown = (deed: Deed): boolean => NAMES_AN_OP.has(deed) && (told?.hash ?? null) === null;
  const button = (deed: Deed, Kind: typeof BigButton | typeof Button): VNode => (
    <Kind
      key={deed}
      label={t(WORDS[deed])}
      look={LOOKS[deed] ?? (Kind === BigButton ? "primary" : "secondary")}
      busy={busy}
      disabled={unknown(deed)}
      {...(unknown(deed) ? { hint: t("exceptions.needsNetwork") } : {})}
      onPress={() => void run(deed)}
    />
  );
  return (
    <Screen
      title={exceptionWord(exception.code)}
      {...(!decides || first === undefined
        ? {}
        : {
            actions: (
              <>
                {others.length === 0 ? null : (
                  <div class="action-row">{others.map((deed) => button(deed, Button))}</div>
                )}
                {button(first, BigButton)}
              </>
            ),
          })}
    >
      <div class="chips">
        <DeadlineChip exception={exception} />
      </div>
      <Card title={t("exceptions.what")} tint={exception.state === "open" ? "warn" : "plain"}>
        <p class="lead">{happened(exception, names)}</p>
      </Card>
      <Card title={t("exceptions.cause")}>
        <p class="lead">
          {sentence === undefined || sentence === "" ? likelyCause(exception.code) : sentence}
        </p>
      </Card>
      {exception.state === "open" ? (
        <Notice tint="info" title={t("exceptions.todo")} text={whatToDo(exception.code)} />
      ) : (
        <Notice
          tint="ok"
          title={exception.closedBy === ITSELF ? t("exceptions.closedItself") : t("exceptions.closedByOp")}
        />
      )}
      <Facts
        facts={[
          { label: t("exceptions.owner"), value: tOr(`role.${exception.owner}`, exception.owner) },
          { label: t("exceptions.since"), value: formatDateTime(exception.openedO) },
          ...(exception.closedBy === ITSELF
            ? []
            : [{ label: t("exceptions.deadline"), value: formatDateTime(exception.deadlineMs) }]),
        ]}
      />
      {decides ? <TextField label={t("word.note")} value={note} onInput={setNote} /> : null}
    </Screen>
  );
};
