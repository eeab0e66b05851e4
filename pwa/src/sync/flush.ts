/** Brings up the outbox from the service worker, where no page is open. */
import { openCore } from "./core.ts";
import { uploadEvidence } from "./evidence.ts";
import { browserPorts } from "./ports.ts";

/** Rejects when something is left: the browser then tries again later. */
export const flushFromWorker = async (): Promise<void> => {
  const nothing = (): void => undefined;
  const ports = { ...browserPorts(), isAutomatic: false };
  let isOffline = false;
  const core = await openCore(ports, { onChange: nothing, onSpace: nothing }, () => isOffline);
  try {
    isOffline = (await (await core.keeper.database()).get("meta", "offline")) === true;
    const { status } = await core.meet();
    if (status.type === "offline" || status.type === "refused")
      throw new Error(`not flushed: ${status.type}`);
    await uploadEvidence(core);
  } finally {
    await core.keeper.close();
  }
};
