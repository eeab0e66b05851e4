"""The transparency log, and what a buyer can prove with it.

An RFC 6962 tree whose leaves are the operations, C2SP tiles, checkpoints, witnesses and proofs byte
for byte, so that other people's tools read them; the lot graph with trace, recall and mass balance;
EPCIS 2.0 export, GS1 Digital Link codes and labels. It proves that nothing in the log was changed
or left out, never that what was entered is true. `docs/protocol/log.md` specifies it.
"""
