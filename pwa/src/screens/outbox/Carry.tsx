/** Without a signal: work leaves this phone by codes or a file, and other phones' work comes along the same way. */
import type { VNode } from "preact";
import { tellFault } from "../../app/act.ts";
import { useLedger } from "../../app/ledger-context.ts";
import { t } from "../../i18n/i18n.ts";
import type { CarriedFor } from "../../sync/ledger-types.ts";
import { Button } from "../../ui/Button.tsx";
import { Card, List, ListRow } from "../../ui/Card.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { showToast, signalOutcome } from "../../ui/feedback.tsx";
import { go } from "../../ui/router.ts";
import { confirmed } from "../../ui/Sheet.tsx";
import { deviceName, outcomeOf, stageWords } from "../relay/words.ts";

/** Bytes, not letters: a file of a gigabyte is somebody's film, and reading it would end the app. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

const save = (file: File): void => {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};

/** The phone's own share sheet where it takes files, a download elsewhere. */
const hand = async (name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
  const file = new File([bytes], name, { type: "application/octet-stream" });
  const { navigator } = globalThis;
  if (typeof navigator.canShare === "function" && navigator.canShare({ files: [file] })) {
    try {
      await navigator.share({ files: [file], title: name });
      return;
    } catch (error) {
      // Whoever closes the share sheet wanted no file; every other refusal leaves the download.
      if (error instanceof DOMException && error.name === "AbortError") return;
    }
  }
  save(file);
};

export const Carry = (): VNode => {
  const ledger = useLedger();
  const exportIt = async (): Promise<void> => {
    const { name, bytes } = await ledger.exportOutbox();
    await hand(name, bytes);
  };
  const importIt = async (file: File): Promise<void> => {
    if (file.size > FILE_BYTES_MAX) {
      signalOutcome("error", t("relay.unreadable"));
      return;
    }
    const taken = await ledger.importBundle(new Uint8Array(await file.arrayBuffer()));
    const [first, ...more] = outcomeOf(ledger, taken);
    if (first !== undefined) signalOutcome(first.tint === "ok" ? "ok" : "error", first.title);
    for (const { title } of more) showToast({ tone: "info", text: title });
  };
  return (
    <Card title={t("relay.title")}>
      <p class="form-hint">{t("relay.titleHint")}</p>
      <div class="action-row">
        <Button label={t("relay.show")} icon="qr" onPress={() => go(["relay"])} />
        <Button label={t("relay.read")} icon="camera" onPress={() => go(["carry"])} />
      </div>
      <div class="action-row">
        <Button label={t("outbox.export")} icon="download" onPress={() => void exportIt().catch(tellFault)} />
        <label class="button look-secondary file-button">
          {t("outbox.import")}
          <input
            type="file"
            onChange={(event) => {
              const input = event.currentTarget;
              const file = input.files?.[0];
              if (file !== undefined) importIt(file).catch(tellFault);
              // The same file chosen again is a choice, too.
              input.value = "";
            }}
          />
        </label>
      </div>
    </Card>
  );
};

const CarriedRow = ({ of }: { readonly of: CarriedFor }): VNode => {
  const ledger = useLedger();
  const { word, hint, tint } = stageWords(of);
  const name = deviceName(ledger, of.device);
  const letGo = async (): Promise<void> => {
    const question = {
      title: t("carry.letGo", { name }),
      text: t("carry.letGoHint"),
      yes: t("carry.letGoYes"),
    };
    if (await confirmed({ ...question, look: "danger" })) await ledger.dropCarried(of.device);
  };
  const press = (): void => {
    if (of.stage === "done") go(["relay", of.device]);
    else void letGo().catch(tellFault);
  };
  return (
    <ListRow
      icon={of.stage === "done" ? "qr" : "person"}
      tint={tint}
      title={t("carry.of", { name, n: of.records })}
      detail={hint}
      end={<Chip tint={tint} label={word} />}
      onPress={press}
    />
  );
};

export const CarriedList = (): VNode | null => {
  const { state } = useLedger();
  const carried = state.carried.value;
  if (carried.length === 0) return null;
  return (
    <List label={t("carry.title")}>
      {carried.map((each) => (
        <CarriedRow key={each.device} of={each} />
      ))}
    </List>
  );
};
