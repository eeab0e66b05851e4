/** Tones that a cold store does not swallow: one high for ok, two low for a duplicate, a buzz for an error. */
import type { Verdict } from "../scan/scan.ts";
import { sound, vibration } from "./preferences.ts";

export type Tone = Exclude<Verdict, "pass">;

type Note = {
  readonly hz: number;
  readonly from: number;
  readonly seconds: number;
  readonly shape: OscillatorType;
};

const NOTES: Readonly<Record<Tone, readonly Note[]>> = {
  ok: [{ hz: 1760, from: 0, seconds: 0.09, shape: "sine" }],
  duplicate: [
    { hz: 440, from: 0, seconds: 0.09, shape: "triangle" },
    { hz: 440, from: 0.14, seconds: 0.09, shape: "triangle" },
  ],
  error: [
    { hz: 140, from: 0, seconds: 0.35, shape: "sawtooth" },
    { hz: 147, from: 0, seconds: 0.35, shape: "sawtooth" },
  ],
};

const BUZZ_MS: Readonly<Record<Tone, number | number[]>> = {
  ok: 40,
  duplicate: [60, 60, 60],
  error: [250, 80, 250],
};

const LOUDNESS = 0.35;
const SEMITONE = 2 ** (1 / 12);

let context: AudioContext | undefined;

/** Browsers let a page sound only after a touch; call it from the first one, so that the first beep is in time. */
export const unlockSound = (): void => {
  if (context === undefined && typeof AudioContext === "function")
    context = new AudioContext({ latencyHint: "interactive" });
  if (context?.state === "suspended") void context.resume().catch(() => undefined);
};

const play = (audio: AudioContext, { hz, from, seconds, shape }: Note, pitch: number): void => {
  const start = audio.currentTime + from;
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.type = shape;
  tone.frequency.value = hz * pitch;
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.005);
  volume.gain.setValueAtTime(LOUDNESS, start + seconds - 0.02);
  volume.gain.linearRampToValueAtTime(0, start + seconds);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + seconds);
};

/** Sound and shake. `semitones` raises the tone: a count that climbs can be heard. */
export const signalTone = (tone: Tone, semitones = 0): void => {
  if (sound.value === "on") {
    unlockSound();
    if (context?.state === "running")
      for (const note of NOTES[tone]) play(context, note, SEMITONE ** semitones);
  }
  if (vibration.value === "on" && typeof navigator.vibrate === "function") navigator.vibrate(BUZZ_MS[tone]);
};
