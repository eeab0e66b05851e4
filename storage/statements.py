"""Statements with a name, made once per table and dialect: for the path of every op, where each row costs."""

from collections.abc import Sequence

from sqlalchemy import BindParameter, Column, Dialect, Table, bindparam, delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable
from sqlalchemy.sql.dml import Insert


class Statements:
    """Text that takes tuples in the order of the columns, so that a batch is one call of the driver."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def insert(self, table: Table) -> str:
        """Return the insertion of whole rows; a row that is there already is an error."""
        return self._text(insert(table).values({c.name: bindparam(c.name) for c in table.columns}))

    def put(self, table: Table) -> str:
        """Return the insertion of whole rows; one that is there already is overwritten."""
        return self._text(self._upsert(table, overwrite=True))

    def add(self, table: Table) -> str:
        """Return the insertion of whole rows; one that is there already stays as it is."""
        return self._text(self._upsert(table, overwrite=False))

    def remove(self, table: Table, by: Sequence[Column[object]]) -> str:
        """Return the deletion of the rows with these values."""
        found = [column == bindparam(column.name) for column in by]
        return self._text(delete(table).where(*found))

    def amend(self, table: Table, values: Sequence[Column[object]], by: Sequence[Column[object]]) -> str:
        """Return the update of some columns of the rows with these values; first the new values, then which rows."""
        found = [column == bindparam(f"by_{column.name}") for column in by]
        new: list[tuple[Column[object], BindParameter[object]]] = [
            (column, bindparam(f"to_{column.name}")) for column in values
        ]
        return self._text(update(table).where(*found).ordered_values(*new))

    def _upsert(self, table: Table, *, overwrite: bool) -> Insert:
        values: dict[str, BindParameter[object]] = {c.name: bindparam(c.name) for c in table.columns}
        key = [c.name for c in table.primary_key.columns]
        rest = [c.name for c in table.columns if c.name not in key]
        if self._dialect.name == "sqlite":
            lite = sqlite.insert(table).values(values)
            if not overwrite:
                return lite.on_conflict_do_nothing(index_elements=key)
            return lite.on_conflict_do_update(
                index_elements=key, set_={name: lite.excluded[name] for name in rest}
            )
        full = postgresql.insert(table).values(values)
        if not overwrite:
            return full.on_conflict_do_nothing(index_elements=key)
        return full.on_conflict_do_update(
            index_elements=key, set_={name: full.excluded[name] for name in rest}
        )

    def _text(self, statement: Executable) -> str:
        compiled = statement.compile(dialect=self._dialect)  # type: ignore[attr-defined]  # every statement compiles
        return str(compiled)
