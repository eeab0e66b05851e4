"""Where rows live: one SQLAlchemy Core engine, its metadata and its migrations.

SQLite (aiosqlite, WAL, `synchronous=FULL`) serves a company, PostgreSQL (asyncpg) a province; the
same tables and the same statements serve both. It gives the features a unit of work and dialect
differences with a name, so that none of them grows an engine of its own. Rows are views: the
operation log is the only source, and `gobi doctor` rebuilds every table from it.
"""
