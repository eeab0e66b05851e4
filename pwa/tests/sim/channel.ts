/** `BroadcastChannel` in turns of this process's event loop: all pages of a disk hear each other, none itself. */
import { diskOf } from "./disk.ts";

type Listener = (event: { readonly data: unknown }) => void;

const alive = new Set<string>();
const channels = new Set<PageChannel>();

/** The page's messages go out and come in until it leaves. */
export const joinChannel = (page: string): void => void alive.add(page);
export const leaveChannel = (page: string): void => {
  alive.delete(page);
  for (const channel of channels) if (channel.page === page) channels.delete(channel);
};

/** Nobody is there any more. */
export const forgetChannels = (): void => {
  alive.clear();
  channels.clear();
};

class PageChannel {
  readonly page: string;
  readonly #listeners: Listener[] = [];

  constructor(name: string) {
    this.page = name.slice(name.indexOf("/") + 1);
    channels.add(this);
  }

  addEventListener(_type: string, then: Listener): void {
    this.#listeners.push(then);
  }

  postMessage(data: unknown): void {
    if (!alive.has(this.page)) return;
    for (const other of channels) {
      if (other === this || diskOf(other.page) !== diskOf(this.page)) continue;
      setImmediate(() => {
        if (channels.has(other)) for (const then of other.#listeners) then({ data });
      });
    }
  }

  close(): void {
    channels.delete(this);
  }
}

export const useChannels = (): void => {
  Object.defineProperty(globalThis, "BroadcastChannel", { value: PageChannel, configurable: true });
};
