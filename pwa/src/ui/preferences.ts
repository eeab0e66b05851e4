/** How one person likes this phone: stored on it, read by every component, changed in the settings screen. */
import { type Signal, effect, signal } from "@preact/signals";
import { read, write } from "../app/stored.ts";

export type Theme = "auto" | "light" | "dark";
export type Hand = "right" | "left";

const stored = <T extends string>(name: string, allowed: readonly T[], initial: T): Signal<T> => {
  const known = read(name);
  const state = signal<T>(allowed.find((value) => value === known) ?? initial);
  let first = true;
  effect(() => {
    const { value } = state;
    if (!first) write(name, value);
    first = false;
  });
  return state;
};

const SWITCH = ["on", "off"] as const;

export const theme = stored<Theme>("gobi.theme", ["auto", "light", "dark"], "auto");
export const hand = stored<Hand>("gobi.hand", ["right", "left"], "right");
export const gloves = stored("gobi.gloves", SWITCH, "off");
export const sound = stored("gobi.sound", SWITCH, "on");
export const vibration = stored("gobi.vibration", SWITCH, "on");

/** Write the choices where the styles look for them. */
export const startPreferences = (): void => {
  effect(() => {
    const { dataset } = document.documentElement;
    dataset["theme"] = theme.value;
    dataset["hand"] = hand.value;
    dataset["gloves"] = gloves.value;
  });
};
