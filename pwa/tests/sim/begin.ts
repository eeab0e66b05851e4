/** Makes this process one in which phones are simulated: nothing in it has a clock, a thread or chance of its own. */
import type { Chance } from "./chance.ts";
import { forgetChannels, useChannels } from "./channel.ts";
import { forgetGuards, guardDisks } from "./disk.ts";
import { countTurns } from "./turns.ts";
import { useWebCrypto } from "./web-crypto.ts";

let hasBegun = false;

/** Begins with no disk at all. `draw` is whose chance a new key comes from. */
export const beginSimulating = (draw: () => Chance): void => {
  Object.defineProperty(globalThis, "indexedDB", { value: new IDBFactory(), configurable: true });
  forgetGuards();
  forgetChannels();
  if (hasBegun) return;
  hasBegun = true;
  guardDisks();
  countTurns();
  useWebCrypto(draw);
  useChannels();
  // A request's deadline is the network's, which is told from outside; compression runs in threads.
  AbortSignal.timeout = () => new AbortController().signal;
  Object.defineProperty(globalThis, "CompressionStream", { value: undefined, configurable: true });
};
