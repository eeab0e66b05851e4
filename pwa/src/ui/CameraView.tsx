/** The camera on a screen: picture, aim, torch and lens, and in plain words what is wrong when there is no picture. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { keepBusy } from "../app/busy.ts";
import { type PlainKey, t } from "../i18n/i18n.ts";
import {
  type Camera,
  type CameraOptions,
  type CameraRefusal,
  type CameraState,
  makeCamera,
} from "../scan/camera.ts";
import { onAnswer } from "../scan/scan.ts";
import { Button, IconButton } from "./Button.tsx";
import type { Tone } from "./sound.ts";

export type CameraViewProps = Omit<CameraOptions, "video"> & {
  readonly onClose: () => void;
  /** Drawn over the picture, for counts. */
  readonly overlay?: VNode;
};

const REFUSALS: Readonly<Record<CameraRefusal, PlainKey>> = {
  denied: "scan.denied",
  none: "scan.noCamera",
  "in-use": "scan.cameraBusy",
  insecure: "scan.insecure",
  failed: "scan.cameraFailed",
};

const PULSE_MS = 350;

const Words = ({ state, camera }: { readonly state: CameraState; readonly camera: Camera }): VNode | null => {
  switch (state.type) {
    case "off":
      return null;
    case "starting":
      return <p class="camera-words">{t("scan.starting")}</p>;
    case "on":
      return state.engineReady ? null : <p class="camera-words camera-words-low">{t("scan.loading")}</p>;
    case "asleep":
      return (
        <div class="camera-words">
          <p>{t("scan.paused")}</p>
          <Button label={t("scan.resume")} icon="camera" onPress={() => void camera.start()} />
        </div>
      );
    case "refused":
      return (
        <div class="camera-words">
          <p>{t(REFUSALS[state.refusal])}</p>
          {state.refusal === "denied" ? <small>{t("scan.deniedHint")}</small> : null}
          <Button label={t("do.retry")} icon="camera" onPress={() => void camera.start()} />
        </div>
      );
  }
};

/** A frame that lights up with each answer, beside the flash of the whole screen. */
const Aim = (): VNode => {
  const pulse = useSignal<Tone | undefined>(undefined);
  useEffect(
    () =>
      onAnswer((_scan, { verdict }) => {
        pulse.value = verdict;
        setTimeout(() => {
          pulse.value = undefined;
        }, PULSE_MS);
      }),
    [pulse],
  );
  return <div class={`camera-aim ${pulse.value === undefined ? "" : `aim-${pulse.value}`}`} />;
};

export const CameraView = ({ onClose, overlay, ...options }: CameraViewProps): VNode => {
  const video = useRef<HTMLVideoElement>(null);
  const [camera, setCamera] = useState<Camera>();

  useEffect(() => {
    if (video.current === null) return;
    const made = makeCamera({ ...options, video: video.current });
    const release = keepBusy("scan");
    setCamera(made);
    void made.start();
    // A camera in a hidden page drains the battery and is closed by most phones anyway.
    const onVisibility = (): void => {
      if (document.visibilityState === "hidden") made.stop();
      else if (made.state.value.type === "off") void made.start();
    };
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      made.stop();
      release();
    };
  }, []);

  const torch = camera?.torch.value;
  return (
    <div class="camera">
      <video ref={video} muted playsInline />
      {camera?.state.value.type === "on" ? <Aim /> : null}
      {overlay}
      {camera === undefined ? null : <Words state={camera.state.value} camera={camera} />}
      <div class="camera-tools">
        {camera === undefined || torch === undefined ? null : (
          <IconButton
            label={t("scan.torch")}
            icon="torch"
            pressedIn={torch}
            onPress={() => void camera.setTorch(!torch)}
          />
        )}
        {camera === undefined || camera.lenses.value.length < 2 ? null : (
          <IconButton label={t("scan.lens")} icon="lens" onPress={() => void camera.nextLens()} />
        )}
        <IconButton label={t("scan.cameraOff")} icon="cross" onPress={onClose} />
      </div>
    </div>
  );
};
