/**
 * Stock on Yjs. It has no counter, so the app keeps one list of movements and counts, and folds it by the time that
 * the phone wrote: the best that an app can do with what Yjs merges.
 */
import * as Y from "yjs";
import { folded } from "../fold.mjs";

export const name = "Yjs";

export class Replica {
  /** `id`: the client id that is kept beside the document; null: the library draws one at every start. */
  constructor(id, stored) {
    this.doc = new Y.Doc();
    if (stored !== undefined) Y.applyUpdate(this.doc, stored);
    if (id !== null) this.doc.clientID = id;
    this.log = this.doc.getArray("log");
    this.doc.on("update", (update) => (this.last = update));
  }

  static base() {
    return Y.encodeStateAsUpdate(new Y.Doc());
  }

  /** Record a movement; return what would be sent at once. */
  record(key, qty, at) {
    this.log.push([[key, qty, at]]);
    return this.last;
  }

  count(key, qty, at) {
    this.log.push([[key, qty, at, true]]);
  }

  balances() {
    return folded(this.log.toArray());
  }

  stored() {
    return Y.encodeStateAsUpdate(this.doc);
  }

  handed() {
    return this.stored();
  }

  version() {
    return Y.encodeStateVector(this.doc);
  }

  since(version) {
    return Y.encodeStateAsUpdate(this.doc, version);
  }

  /** Take an update; return whether something in it waits for what never came. */
  take(update) {
    Y.applyUpdate(this.doc, update);
    return this.doc.store.pendingStructs !== null;
  }
}

/** Both sides state what they have and send what the other lacks: y-protocols, sync steps 1 and 2. */
export const sync = (phone, server) => {
  const sizes = [phone.version(), server.version()].map((version) => version.length);
  const up = phone.since(server.version());
  const down = server.since(phone.version());
  server.take(up);
  phone.take(down);
  return { messages: 4, bytes: sizes[0] + sizes[1] + up.length + down.length };
};
