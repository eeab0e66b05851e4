/** Stock on Automerge: a Counter for each key. A count is sent as the difference to what the phone showed. */
import * as Automerge from "@automerge/automerge";

export const name = "Automerge";

/** An id of the length that Automerge itself draws, 16 bytes. */
const actorOf = (id) => String(id).padStart(32, "a");

export class Replica {
  /** `id`: the actor that is kept beside the document; null: the library draws one at every start. */
  constructor(id, stored) {
    this.doc = id === null ? Automerge.load(stored) : Automerge.load(stored, { actor: actorOf(id) });
  }

  /** Counters made on two phones apart would be two: all begin with those that are there. */
  static base(keys) {
    const stock = Object.fromEntries(keys.map((key) => [key, new Automerge.Counter(0)]));
    return Automerge.save(Automerge.from({ stock }, actorOf(0)));
  }

  /** Record a movement; return what would be sent at once. */
  record(key, qty, at) {
    this.doc = Automerge.change(this.doc, { time: Math.round(at / 1000) }, (doc) => {
      doc.stock[key].increment(qty);
    });
    return Automerge.getLastLocalChange(this.doc);
  }

  count(key, qty, at) {
    this.record(key, qty - this.doc.stock[key].value, at);
  }

  balances() {
    return new Map(Object.entries(this.doc.stock).map(([key, counter]) => [key, counter.value]));
  }

  stored() {
    return Automerge.save(this.doc);
  }

  handed() {
    return this.stored();
  }

  version() {
    return Automerge.getHeads(this.doc);
  }

  since(version) {
    return Automerge.saveSince(this.doc, version);
  }

  /** Take an update; return whether something in it waits for what never came. */
  take(update) {
    this.doc = Automerge.loadIncremental(this.doc, update);
    return Automerge.getMissingDeps(this.doc, []).length > 0;
  }
}

/** Automerge's own sync protocol, until neither side has more to say. */
export const sync = (phone, server) => {
  let [ours, theirs] = [phone.state ?? Automerge.initSyncState(), Automerge.initSyncState()];
  let messages = 0;
  let bytes = 0;
  for (let isQuiet = false; !isQuiet;) {
    isQuiet = true;
    let message;
    [ours, message] = Automerge.generateSyncMessage(phone.doc, ours);
    if (message !== null) {
      [server.doc, theirs] = Automerge.receiveSyncMessage(server.doc, theirs, message);
      messages += 1;
      bytes += message.length;
      isQuiet = false;
    }
    [theirs, message] = Automerge.generateSyncMessage(server.doc, theirs);
    if (message !== null) {
      [phone.doc, ours] = Automerge.receiveSyncMessage(phone.doc, ours, message);
      messages += 1;
      bytes += message.length;
      isQuiet = false;
    }
  }
  // What was shared is kept beside the document, as automerge-repo does; the connection's part is not.
  phone.state = Automerge.decodeSyncState(Automerge.encodeSyncState(ours));
  return { messages, bytes };
};
