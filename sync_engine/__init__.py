"""From operations that phones recorded alone to one ledger that everybody shares.

Canonical bytes, device chains and seals, frames, effective time, the fold, verdicts, leases, rows
and the buckets that carry them to a phone, and the sequencer that writes the log. The fold is a
function of the set of operations: any order, duplication or batching of what arrives gives the same
balances. Its rules are pure and have a twin in `pwa/src`; `docs/protocol/sync.md` specifies what
crosses the wire, `tests/vectors/` holds both sides to it.
"""
