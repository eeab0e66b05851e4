"""From sensor batches to what a lot has been through.

Still empty. What is to stand here:
Signed, idempotent batches over HTTP and MQTT, decoders, day chunks with roll-ups, excursions and
mean kinetic temperature as pure folds over corrected time, the exposure of each lot, and the one
question that a driver is asked. A reading is never lost or doubled once it was acknowledged, and a
gap is unknown time, neither good nor bad.
"""
