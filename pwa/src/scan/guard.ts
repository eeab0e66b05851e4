/**
 * Which reads of the camera become scans. A 1D code has little redundancy, so one read of it proves nothing:
 * it takes two equal reads, or a check digit and a code that the catalogue knows. A code that stays in
 * view is one scan until it has left the view.
 */

/** One code found in one frame. */
export type Sighting = {
  readonly text: string;
  readonly format: string;
  readonly symbologyIdentifier: string;
};

/** Symbologies that correct or at least detect their own errors over the whole content. */
const SELF_PROVING = new Set([
  "QRCode",
  "QRCodeModel2",
  "MicroQRCode",
  "RMQRCode",
  "DataMatrix",
  "Aztec",
  "AztecCode",
  "PDF417",
]);

/** Symbologies with a check digit in the content; Code 128 has one, but a misread start code survives it too easily. */
const CHECKED = new Set([
  "EAN13",
  "EAN8",
  "UPCA",
  "DataBar",
  "DataBarOmni",
  "DataBarLtd",
  "DataBarExp",
  "DataBarExpStk",
]);

/** The second read must come soon: it confirms this code, not another of the day. */
export const CONFIRM_MS_MAX = 1_500;

/** A code unseen for this long has left the view; seen again, it is scanned again. */
export const GONE_MS = 1_200;

export type Guard = {
  /** Whether this sighting is a new scan. */
  readonly admit: (sighting: Sighting, at: number) => boolean;
  /** Forget what is in view, so that the same code scans again at once. */
  readonly reset: () => void;
};

export const makeGuard = (isKnown: (text: string) => boolean): Guard => {
  const doubted = new Map<string, number>();
  const inView = new Map<string, number>();

  const isProven = ({ text, format }: Sighting, key: string, at: number): boolean => {
    if (SELF_PROVING.has(format)) return true;
    if (CHECKED.has(format) && isKnown(text)) return true;
    const before = doubted.get(key);
    return before !== undefined && at > before && at - before <= CONFIRM_MS_MAX;
  };

  const forgetOld = (at: number): void => {
    for (const [key, seen] of doubted) if (at - seen > CONFIRM_MS_MAX) doubted.delete(key);
    for (const [key, seen] of inView) if (at - seen > GONE_MS) inView.delete(key);
  };

  return {
    admit: (sighting, at) => {
      forgetOld(at);
      const key = `${sighting.format}\n${sighting.text}`;
      if (inView.has(key)) {
        inView.set(key, at);
        return false;
      }
      if (!isProven(sighting, key, at)) {
        doubted.set(key, at);
        return false;
      }
      doubted.delete(key);
      inView.set(key, at);
      return true;
    },
    reset: () => {
      doubted.clear();
      inView.clear();
    },
  };
};
