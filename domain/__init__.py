"""The business itself: what is in stock, where, whose, how good, and what it is worth.

Operations, quantities and units, GS1 identifiers, the rules of stock (lowering to double entry,
FEFO, allocation, lot health), of the farm (field work, pre-harvest interval, certificate) and of
money (prices, settlement), and every refusal that they make. All of it is pure: time, identity and
chance come in as arguments, nothing here knows a clock, a database, a network or a log. It imports
the standard library and msgspec, and everybody may import it.
"""
