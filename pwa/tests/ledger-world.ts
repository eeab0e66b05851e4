/** Phones on a fake IndexedDB, clocks that the test turns, and databases that can be copied and rolled back. */
import "fake-indexeddb/auto";
import { openLedger } from "../src/sync/ledger.ts";
import type { Ledger } from "../src/sync/ledger.ts";
import type { Ports } from "../src/sync/ports.ts";
import { TextMap } from "./disks.ts";
import { SmallServer } from "./small-server.ts";

export { type Dump, dump, restore, TextMap } from "./disks.ts";

export const START_MS = 1_795_384_200_000;
let databases = 0;

/** One phone's disk: what survives the app. */
export interface Disk {
  readonly name: string;
  readonly local: TextMap;
  readonly session: TextMap;
}

export class World {
  readonly server = new SmallServer();
  nowMs = START_MS;
  readonly ledgers: Ledger[] = [];

  constructor() {
    this.server.nowMs = () => this.nowMs;
  }

  disk(): Disk {
    databases += 1;
    return { name: `gobi-${databases}`, local: new TextMap(), session: new TextMap() };
  }

  /** Opens the app on a disk; what was open on it before is as good as killed. */
  async open(disk: Disk, given: Partial<Ports> = {}): Promise<Ledger> {
    const born = this.nowMs;
    const ledger = await openLedger({
      databaseName: disk.name,
      local: disk.local,
      session: disk.session,
      wallMs: () => this.nowMs,
      monoMs: () => this.nowMs - born,
      fetch: this.server.fetch,
      pinIterations: 10,
      isAutomatic: false,
      origin: "",
      ...given,
    });
    this.ledgers.push(ledger);
    // Its second chunk is there before anybody acts: a page that is killed here goes on a little, and must not load first.
    await ledger.evidence("");
    return ledger;
  }

  /** A phone of a person who is signed in. */
  async phone(
    person = "liu",
    disk = this.disk(),
    given: Partial<Ports> = {},
  ): Promise<{ ledger: Ledger; disk: Disk }> {
    const ledger = await this.open(disk, given);
    const enrolled = await ledger.enrol(this.server.enrolmentCode(person), { name: "PDA", pin: "2468" });
    if (!enrolled.ok) throw new Error(enrolled.type);
    const signed = await ledger.signIn(person, "2468");
    if (!signed.ok) throw new Error(signed.type);
    return { ledger, disk };
  }

  readonly pick = (ledger: Ledger, qty = 40) => {
    this.nowMs += 10_000;
    return ledger.record("pick", {
      order: "SO-1",
      task: null,
      lines: [{ item: "TOM-5", lot: "1121", from: "R1", to: "T1", qty }],
    });
  };

  close(): void {
    for (const ledger of this.ledgers.splice(0)) ledger.close();
  }
}
