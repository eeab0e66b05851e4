"""The fold: from the log to rows (docs/protocol/fold.md). `fold.Fold` is the door; everything behind it is pure.

`effects` and `state` enter and undo what an op says; `stock`, `contests`, `holds` and `registers` hold the rules;
the `derive_*` modules turn them into rows and findings. No module here reads a clock, a disk or chance.
"""
