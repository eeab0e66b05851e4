/** Stock on Loro: a counter for each key. A count is sent as the difference to what the phone showed. */
import { LoroDoc, VersionVector } from "loro-crdt";

export const name = "Loro";

export class Replica {
  /** `id`: the peer id that is kept beside the document; null: the library draws one at every start. */
  constructor(id, stored) {
    this.doc = stored === undefined ? new LoroDoc() : LoroDoc.fromSnapshot(stored);
    if (id !== null) this.doc.setPeerId(String(id));
    this.doc.subscribeLocalUpdates((update) => (this.last = update));
  }

  static base() {
    return new LoroDoc().export({ mode: "snapshot" });
  }

  /** Record a movement; return what would be sent at once. */
  record(key, qty) {
    this.doc.getCounter(key).increment(qty);
    this.doc.commit();
    return this.last;
  }

  count(key, qty) {
    this.record(key, qty - this.doc.getCounter(key).value);
  }

  balances() {
    return new Map(Object.entries(this.doc.toJSON()));
  }

  stored() {
    return this.doc.export({ mode: "snapshot" });
  }

  /** What a new client is given: the state with no more history than it needs. */
  handed() {
    return this.doc.export({ mode: "shallow-snapshot", frontiers: this.doc.frontiers() });
  }

  version() {
    return this.doc.version().encode();
  }

  since(version) {
    return this.doc.export({ mode: "update", from: VersionVector.decode(version) });
  }

  /** Take an update; return whether something in it waits for what never came. */
  take(update) {
    const pending = this.doc.import(update).pending;
    return pending !== null && pending !== undefined && pending.size > 0;
  }
}

/** Both sides state their version and send what the other lacks. */
export const sync = (phone, server) => {
  const versions = phone.version().length + server.version().length;
  const up = phone.since(server.version());
  const down = server.since(phone.version());
  server.take(up);
  phone.take(down);
  return { messages: 4, bytes: versions + up.length + down.length };
};
