"""Backups of a ledger: the log and what lies beside it, as one checked file; and how a server comes back from one."""
