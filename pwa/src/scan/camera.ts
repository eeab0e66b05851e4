/**
 * The camera as a source of scans: opens the lens that looks away from the person, keeps it in focus, and
 * feeds frames to the decoder. Nothing here draws; `ui/CameraView.tsx` shows the stream and its state.
 */
import { type Signal, signal } from "@preact/signals";
import { read, write } from "../app/stored.ts";
import { type Decoder, startDecoder } from "./decoder.ts";
import { makeGuard } from "./guard.ts";
import type { Pixels, Read } from "./protocol.ts";
import { emitScan } from "./scan.ts";
import { HARD_PASS_MS, tileAt } from "./tiles.ts";

export type CameraRefusal = "denied" | "none" | "in-use" | "insecure" | "failed";

export type CameraState =
  | { readonly type: "off" }
  | { readonly type: "starting" }
  | { readonly type: "on"; readonly engineReady: boolean }
  | { readonly type: "asleep" }
  | { readonly type: "refused"; readonly refusal: CameraRefusal };

export type Lens = { readonly id: string; readonly label: string };

export type CameraOptions = {
  readonly video: HTMLVideoElement;
  /** Whether the catalogue knows a code: a checked 1D code that it knows needs no second read. */
  readonly isKnown?: (text: string) => boolean;
  /** Every frame's reads, for overlays and counts; scans still go to `onScan`. */
  readonly onReads?: (
    reads: readonly Read[],
    frame: { readonly width: number; readonly height: number },
  ) => void;
  /** 1280×720 reads a label in the hand; a count asks for 1920×1080. */
  readonly size?: { readonly width: number; readonly height: number };
};

export type Camera = {
  readonly state: Signal<CameraState>;
  /** Undefined while this lens has no torch. */
  readonly torch: Signal<boolean | undefined>;
  readonly lenses: Signal<readonly Lens[]>;
  readonly start: () => Promise<void>;
  readonly stop: () => void;
  readonly setTorch: (on: boolean) => Promise<void>;
  readonly nextLens: () => Promise<void>;
  /** Let the code in view scan again. */
  readonly rescan: () => void;
};

/** A camera that has read nothing for this long is lying on a pallet and draining the battery. */
const SLEEP_AFTER_MS = 90_000;

const LENS_STORED_AS = "gobi.lens";

/** Not in the standard types yet; every Android camera has them, no iPhone names all of them. */
type LensAbilities = MediaTrackCapabilities & {
  readonly torch?: boolean;
  readonly focusMode?: readonly string[];
};
type LensWishes = MediaTrackConstraintSet & { torch?: boolean; focusMode?: string };

const refusalOf = (error: unknown): CameraRefusal => {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "none";
  return name === "NotReadableError" || name === "AbortError" ? "in-use" : "failed";
};

const wish = async (track: MediaStreamTrack, wishes: LensWishes): Promise<void> => {
  try {
    await track.applyConstraints({ advanced: [wishes] });
  } catch {
    // A lens that lists an ability and then refuses it still gives a picture.
  }
};

const abilitiesOf = (track: MediaStreamTrack): LensAbilities =>
  typeof track.getCapabilities === "function" ? track.getCapabilities() : {};

const openStream = async (
  lens: string | undefined,
  size: { readonly width: number; readonly height: number },
): Promise<MediaStream> => {
  const picture = { width: { ideal: size.width }, height: { ideal: size.height } };
  if (lens !== undefined) {
    try {
      return await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { ...picture, deviceId: { exact: lens } },
      });
    } catch (error) {
      // Lens ids change when a browser forgets its permissions.
      if (refusalOf(error) !== "none") throw error;
    }
  }
  return navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { ...picture, facingMode: { ideal: "environment" } },
  });
};

/** One frame, in the cheapest form that can move to the worker. */
const grab = async (video: HTMLVideoElement): Promise<ImageBitmap | Pixels> => {
  if (typeof OffscreenCanvas === "function") return createImageBitmap(video);
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context?.drawImage(video, 0, 0);
  const image = context?.getImageData(0, 0, canvas.width, canvas.height);
  return { data: image?.data.buffer ?? new ArrayBuffer(0), width: canvas.width, height: canvas.height };
};

const nextFrame = (video: HTMLVideoElement, then: () => void): void => {
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(then);
  else requestAnimationFrame(then);
};

export const makeCamera = ({
  video,
  isKnown = () => false,
  onReads,
  size = { width: 1280, height: 720 },
}: CameraOptions): Camera => {
  const state = signal<CameraState>({ type: "off" });
  const torch = signal<boolean | undefined>(undefined);
  const lenses = signal<readonly Lens[]>([]);
  const guard = makeGuard(isKnown);
  let decoder: Decoder | undefined;
  let stream: MediaStream | undefined;
  /** Ends the loops of an earlier start. */
  let session = 0;

  const take = (reads: readonly Read[]): boolean => {
    const now = performance.now();
    const fresh = reads.filter((read) => guard.admit(read, now));
    for (const { text, format, symbologyIdentifier } of fresh) {
      emitScan({ text, format, symbologyIdentifier, source: "camera", at: Date.now() });
    }
    onReads?.(reads, { width: video.videoWidth, height: video.videoHeight });
    return reads.length > 0;
  };

  const watch = (engine: Decoder): void => {
    const mine = session;
    let turn = 0;
    let hardAt = 0;
    let readAt = performance.now();

    const look = async (): Promise<void> => {
      const now = performance.now();
      const hard = now - hardAt >= HARD_PASS_MS;
      const frame = await grab(video);
      if (mine !== session) return "close" in frame ? frame.close() : undefined;
      const tiles = hard ? [tileAt(turn, frame.width, frame.height)] : [];
      if (hard) {
        turn += 1;
        hardAt = now;
      }
      const { reads } = await engine.read(frame, hard ? "hard" : "fast", tiles);
      if (mine === session && take(reads)) readAt = performance.now();
    };

    const loop = (): void => {
      if (mine !== session) return;
      if (performance.now() - readAt > SLEEP_AFTER_MS) return sleep();
      const ripe =
        !engine.isBusy() && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth > 0;
      // The next frame is asked for at once: while this one is read, newer ones pass by unread.
      nextFrame(video, loop);
      if (ripe && !looking) {
        looking = true;
        void look()
          .catch(() => undefined)
          .finally(() => {
            looking = false;
          });
      }
    };
    let looking = false;
    loop();
  };

  const close = (): void => {
    session += 1;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
    torch.value = undefined;
    guard.reset();
  };

  const sleep = (): void => {
    close();
    state.value = { type: "asleep" };
  };

  const listLenses = async (): Promise<void> => {
    const devices = await navigator.mediaDevices.enumerateDevices();
    lenses.value = devices
      .filter(({ kind, label }) => kind === "videoinput" && !/front|前/i.test(label))
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  };

  const show = async (opened: MediaStream): Promise<void> => {
    stream = opened;
    video.srcObject = opened;
    video.muted = true;
    video.playsInline = true;
    await video.play();
    const [track] = opened.getVideoTracks();
    if (track === undefined) return;
    track.addEventListener("ended", () => {
      if (stream === opened) sleep();
    });
    const abilities = abilitiesOf(track);
    // Some phones forget the focus mode that they were opened with.
    if (abilities.focusMode?.includes("continuous") === true) await wish(track, { focusMode: "continuous" });
    torch.value = abilities.torch === true ? false : undefined;
    await listLenses();
  };

  const open = async (lens: string | undefined): Promise<void> => {
    close();
    const mine = session;
    state.value = { type: "starting" };
    if (navigator.mediaDevices?.getUserMedia === undefined) {
      state.value = { type: "refused", refusal: globalThis.isSecureContext ? "none" : "insecure" };
      return;
    }
    try {
      const engine = (decoder ??= startDecoder());
      const opened = await openStream(lens, size);
      if (mine !== session) {
        for (const track of opened.getTracks()) track.stop();
        return;
      }
      await show(opened);
      state.value = { type: "on", engineReady: false };
      await engine.ready;
      if (mine !== session) return;
      state.value = { type: "on", engineReady: true };
      watch(engine);
    } catch (error) {
      if (mine !== session) return;
      close();
      decoder?.stop();
      decoder = undefined;
      state.value = { type: "refused", refusal: refusalOf(error) };
    }
  };

  return {
    state,
    torch,
    lenses,
    start: () => open(read(LENS_STORED_AS) ?? undefined),
    stop: () => {
      close();
      decoder?.stop();
      decoder = undefined;
      state.value = { type: "off" };
    },
    setTorch: async (on) => {
      const [track] = stream?.getVideoTracks() ?? [];
      if (track === undefined || torch.value === undefined) return;
      await wish(track, { torch: on });
      torch.value = on;
    },
    nextLens: async () => {
      const current = stream?.getVideoTracks()[0]?.getSettings().deviceId;
      const all = lenses.value;
      const next = all[(all.findIndex(({ id }) => id === current) + 1) % Math.max(all.length, 1)];
      if (next === undefined) return;
      write(LENS_STORED_AS, next.id);
      await open(next.id);
    },
    rescan: guard.reset,
  };
};
