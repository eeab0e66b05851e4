/** Brings up the outbox from the service worker, where no page is open. */
import { openCore } from "./core.ts";
import { uploadEvidence } from "./evidence.ts";
import { openKeeper } from "./keeper.ts";
import { browserPorts, type Ports } from "./ports.ts";
import { openTabs } from "./tabs.ts";

/** Rejects when something is left: the browser then tries again later. */
export const flushFromWorker = async (given: Partial<Ports> = {}): Promise<void> => {
  const ports: Ports = { ...browserPorts(), ...given, isAutomatic: false };
  const tabs = openTabs(ports.databaseName);
  let isOffline = false;
  const onChange = (isOwn: boolean): void => {
    if (isOwn) tabs.tell();
  };
  const keeper = await openKeeper(ports, { onChange, onSpace: () => undefined });
  try {
    isOffline = (await (await keeper.database()).get("meta", "offline")) === true;
    const core = await openCore(ports, keeper, () => isOffline);
    const { status } = await core.meet();
    if (status.type === "offline" || status.type === "refused")
      throw new Error(`not flushed: ${status.type}`);
    await uploadEvidence(core);
  } finally {
    await keeper.close();
    tabs.close();
  }
};
