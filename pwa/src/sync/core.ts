/** What a ledger does beyond showing what is stored: records, meets the server. A page and the service worker both run it. */
import { type Courier, openCourier } from "./courier.ts";
import { type Met, openExchange } from "./exchange.ts";
import { openSealer, type Sealer } from "./frames.ts";
import type { Keeper } from "./keeper.ts";
import type { Ports } from "./ports.ts";
import { openRecording, type Record } from "./recording.ts";

const MEETING = "gobi-sync";

export interface Core {
  readonly ports: Ports;
  readonly keeper: Keeper;
  readonly sealer: Sealer;
  readonly courier: Courier;
  readonly record: Record;
  /** One meeting at a time over all tabs and the service worker. Rejects for a broken database only. */
  readonly meet: () => Promise<Met>;
}

export const openCore = async (ports: Ports, keeper: Keeper, isOffline: () => boolean): Promise<Core> => {
  const sealer = await openSealer(keeper.database);
  const courier = openCourier(ports, isOffline);
  const exchange = openExchange(ports, keeper, sealer, courier);
  return {
    ports,
    keeper,
    sealer,
    courier,
    record: openRecording(ports, keeper),
    meet: () => ports.exclusive(MEETING, exchange),
  };
};
