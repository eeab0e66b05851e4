/** The one ledger of this page, for every screen. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Ledger } from "../sync/ledger-types.ts";

export const LedgerContext = createContext<Ledger | null>(null);

/** Only below the provider of `App`: a screen without a ledger is a bug. */
export const useLedger = (): Ledger => {
  const ledger = useContext(LedgerContext);
  if (ledger === null) throw new Error("no ledger around this screen");
  return ledger;
};
