/** A photo as evidence: taken by the phone's own camera, made small enough for a slow network. */
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { t } from "../../i18n/i18n.ts";
import { signalOutcome } from "../../ui/feedback.tsx";
import { Icon } from "../../ui/Icon.tsx";

const SIDE_MAX = 1280;
const QUALITY = 0.7;

const shrink = async (file: Blob): Promise<Blob> => {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SIDE_MAX / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        if (blob === null) reject(new Error("the canvas gave no picture"));
        else resolve(blob);
      },
      "image/jpeg",
      QUALITY,
    );
  });
};

export const PhotoField = ({
  label,
  photo,
  onPhoto,
}: {
  readonly label: string;
  readonly photo: Blob | null;
  readonly onPhoto: (photo: Blob) => void;
}): VNode => {
  const url = useMemo(() => (photo === null ? null : URL.createObjectURL(photo)), [photo]);
  useEffect(() => () => (url === null ? undefined : URL.revokeObjectURL(url)), [url]);
  return (
    <label class={`field photo-field ${photo === null ? "is-empty" : ""}`}>
      <Icon name="camera" size={26} />
      <span class="field-words">
        <span class="field-label">{label}</span>
        <span class="field-choice">{photo === null ? t("do.photo") : t("photo.taken")}</span>
      </span>
      {url === null ? null : <img src={url} alt={label} />}
      <input
        type="file"
        accept="image/*"
        capture="environment"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file === undefined) return;
          shrink(file).then(onPhoto, () => signalOutcome("error", t("photo.failed")));
        }}
      />
    </label>
  );
};
