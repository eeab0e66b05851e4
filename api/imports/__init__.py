"""Import of master data and opening stock from CSV and XLSX: bytes → sheet → rows → intentions.

Pure: nothing here reads a clock, a disk or a database. A bad row is named by line, column and reason, and never keeps
the good ones out. What a file says and the ledger knows already becomes nothing, so the same file twice is once.
"""
