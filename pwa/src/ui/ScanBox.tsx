/**
 * Where a screen asks for a scan: shows that the scanner is ready, opens the camera, takes a typed code. All
 * three end in `onScan`; nothing here decides what a code means.
 */
import { signal } from "@preact/signals";
import type { ComponentType, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { onAnswer, submitTyped } from "../scan/scan.ts";
import { attachWedge, focusWedge } from "../scan/wedge-input.ts";
import { BigButton, Button } from "./Button.tsx";
import type { CameraViewProps } from "./CameraView.tsx";
import { signalOutcome } from "./feedback.tsx";
import { Icon } from "./Icon.tsx";
import { TextField } from "./QuantityField.tsx";
import { Sheet } from "./Sheet.tsx";

const wedgeText = signal("");
const lastText = signal("");

/** Mount once, at the root: the hidden field that hardware scanners type into. */
export const WedgeField = (): VNode => {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current === null) return;
    return attachWedge(input.current, {
      onText: (text) => {
        wedgeText.value = text;
      },
      onGarbled: () => signalOutcome("error", t("scan.garbled")),
    });
  }, []);
  return (
    <input
      ref={input}
      class="wedge"
      inputMode="none"
      autocomplete="off"
      autocapitalize="off"
      autocorrect="off"
      spellcheck={false}
      tabIndex={-1}
      aria-label={t("scan.wedgeField")}
    />
  );
};

const KeyIn = ({ onClose }: { readonly onClose: () => void }): VNode => {
  const [text, setText] = useState("");
  const submit = (): void => {
    if (text.trim() === "") return;
    onClose();
    submitTyped(text, Date.now());
  };
  return (
    <Sheet
      title={t("scan.keyboard")}
      onClose={onClose}
      actions={
        <BigButton label={t("do.confirm")} icon="check" disabled={text.trim() === ""} onPress={submit} />
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextField label={t("scan.keyboardHint")} value={text} onInput={setText} autofocus />
      </form>
    </Sheet>
  );
};

/** The camera and its engine are chunks of their own, fetched when first asked for. */
const useCameraView = (wanted: boolean): ComponentType<CameraViewProps> | undefined => {
  const [view, setView] = useState<{ readonly component: ComponentType<CameraViewProps> }>();
  useEffect(() => {
    if (!wanted || view !== undefined) return;
    import("./CameraView.tsx").then(
      ({ CameraView }) => setView({ component: CameraView }),
      () => signalOutcome("error", t("scan.cameraFailed")),
    );
  }, [wanted, view]);
  return view?.component;
};

export type ScanBoxProps = {
  /** What to scan now: "扫库位", "扫商品". One prompt at a time. */
  readonly prompt?: string;
  readonly isKnown?: (text: string) => boolean;
  /** Open the camera at once, on phones without a scanner. */
  readonly camera?: boolean;
};

export const ScanBox = ({ prompt, isKnown, camera = false }: ScanBoxProps): VNode => {
  const [cameraOpen, setCameraOpen] = useState(camera);
  const [typing, setTyping] = useState(false);
  const CameraView = useCameraView(cameraOpen);

  useEffect(() => {
    focusWedge();
    return onAnswer((scan) => {
      lastText.value = scan.text;
    });
  }, []);

  const shown = wedgeText.value || (lastText.value === "" ? "" : t("scan.last", { text: lastText.value }));
  return (
    <div class="scan-box">
      {cameraOpen && CameraView !== undefined ? (
        <CameraView {...(isKnown === undefined ? {} : { isKnown })} onClose={() => setCameraOpen(false)} />
      ) : (
        <button type="button" class="scan-ready" onClick={() => setCameraOpen(true)} aria-busy={cameraOpen}>
          <span class="scan-mark">
            <Icon name="scan" size={40} />
          </span>
          <span class="row-words">
            <span class="scan-prompt">{prompt ?? t("scan.ready")}</span>
            <span class="row-detail">{shown === "" ? t("scan.aim") : shown}</span>
          </span>
        </button>
      )}
      <div class="action-row">
        <Button
          label={cameraOpen ? t("scan.cameraOff") : t("scan.camera")}
          icon="camera"
          onPress={() => setCameraOpen(!cameraOpen)}
        />
        <Button label={t("do.keyIn")} icon="keyboard" onPress={() => setTyping(true)} />
      </div>
      {typing ? <KeyIn onClose={() => setTyping(false)} /> : null}
    </div>
  );
};
