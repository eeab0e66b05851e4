/** Pages and the service worker of one origin: whoever changed the database says so, everybody else reads it again. */

const CHANNEL = "gobi-ledger";

export interface Tabs {
  readonly tell: () => void;
  readonly listen: (then: () => void) => void;
  readonly close: () => void;
}

export const openTabs = (databaseName: string): Tabs => {
  if (typeof BroadcastChannel !== "function")
    return { tell: () => undefined, listen: () => undefined, close: () => undefined };
  const channel: BroadcastChannel & { readonly unref?: () => void } = new BroadcastChannel(
    `${CHANNEL}/${databaseName}`,
  );
  // Outside a browser an open channel would keep the process alive.
  channel.unref?.();
  return {
    tell: () => {
      channel.postMessage(null);
    },
    listen: (then) => {
      channel.addEventListener("message", then);
    },
    close: () => {
      channel.close();
    },
  };
};
