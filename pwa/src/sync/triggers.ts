/** What makes a page meet the server without being asked: the network, the screen, and the server's pokes. */
import type { Core } from "./core.ts";
import { toHex } from "../codec/bytes.ts";
import type { Pace } from "./pace.ts";

export interface Triggers {
  /** The device, its server or the demo's switch changed, or the server was met: the line is taken up if it is down. */
  readonly reconnect: () => void;
  readonly stop: () => void;
}

/** `onNetwork` hears what the browser believes about the network; while `isFull`, pokes are left to the pauses. */
export const openTriggers = (
  { keeper }: Core,
  pace: Pace,
  options: {
    readonly isOffline: () => boolean;
    readonly isFull: () => boolean;
    readonly onNetwork: (isUp: boolean) => void;
  },
): Triggers => {
  const listening = new AbortController();
  let [line, lineTo] = [undefined as EventSource | undefined, ""];

  const hangUp = (): void => {
    line?.close();
    [line, lineTo] = [undefined, ""];
  };

  /** Only a page that is seen holds a line: browsers grant few per server. */
  const reconnect = (): void => {
    const { device } = keeper.memory();
    const isSeen = typeof document === "undefined" || document.visibilityState === "visible";
    if (device === null || options.isOffline() || !isSeen || typeof EventSource !== "function") {
      hangUp();
      return;
    }
    const url = `${device.server}/api/v1/sync/events?device=${toHex(device.device)}`;
    if (url === lineTo && line?.readyState !== EventSource.CLOSED) return;
    hangUp();
    [line, lineTo] = [new EventSource(url), url];
    line.addEventListener("poke", ({ data }: MessageEvent<string>) => {
      const size = Number(data);
      // A poke may tell of what came down already.
      if (!(size <= keeper.memory().pull.cursor + 1) && !options.isFull()) pace.soon();
    });
    let wasOpen = false;
    line.addEventListener("open", () => {
      wasOpen = true;
      pace.soon();
    });
    line.addEventListener("error", () => {
      // The browser would try again every three seconds of a day without signal; meetings have their pauses.
      hangUp();
      if (wasOpen) pace.soon();
    });
  };

  const { signal } = listening;
  if (typeof addEventListener === "function") {
    const back = (): void => {
      options.onNetwork(true);
      reconnect();
      pace.soon();
    };
    addEventListener("online", back, { signal });
    addEventListener(
      "offline",
      () => {
        options.onNetwork(false);
      },
      { signal },
    );
  }
  if (typeof document !== "undefined") {
    const seen = (): void => {
      reconnect();
      if (document.visibilityState === "visible") pace.soon();
    };
    document.addEventListener("visibilitychange", seen, { signal });
  }
  return {
    reconnect,
    stop: () => {
      listening.abort();
      hangUp();
    },
  };
};
