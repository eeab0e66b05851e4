/**
 * The ledger on this phone: what screens use, and all that they use.
 *
 *     const ledger = await openLedger();
 *     await ledger.enrol(scannedText, { name: "PDA 3", pin });       // once
 *     await ledger.signIn("liu", pin);                               // offline too
 *     const ref = await ledger.record("pick", { order, task, lines: [{ item, lot, from, to, qty }] });
 *     ledger.rows("balance").value                                   // with own pending work on top
 *     ledger.outbox().value                                          // recorded → acked → settled
 *
 * `record` resolves when the op is on disk; the network never holds it up. Everything shown is a signal:
 * read `.value` in a component and it renders anew. One ledger per page; `close` ends its timers.
 */
import type { Ledger } from "./ledger-types.ts";

export type * from "./ledger-types.ts";
export type { Balance, Register, Row, Table } from "./rows.ts";

export const openLedger = async (): Promise<Ledger> => {
  throw new Error("not built yet");
};
