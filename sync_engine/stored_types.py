"""What a database gives back need not be of the type that its column says: SQLite keeps text where bytes belong."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, get_type_hints

from msgspec import Struct, structs

T = TypeVar("T", bound=Struct)


def ill_typed(stored: Struct) -> str | None:
    """Return the name of the first field, at any depth, that is not of its type; None when all are.

    Fields of plain types, structs and named tuples are looked at, others are not.
    """
    for field in structs.fields(type(stored)):
        value = getattr(stored, field.name)
        wrong = _misfit(field.name, value, field.type)
        if wrong is not None:
            return wrong
    return None


def _misfit(name: str, value: object, expected: object) -> str | None:
    if isinstance(value, Struct):
        return ill_typed(value)
    if isinstance(value, tuple) and isinstance(expected, type):
        inner = zip(get_type_hints(expected).items(), value, strict=True)
        return next((wrong for (key, kind), part in inner if (wrong := _misfit(key, part, kind))), None)
    return name if isinstance(expected, type) and type(value) is not expected else None


def parted(stored: Iterable[T]) -> tuple[list[T], list[tuple[T, str]]]:
    """Return those whose fields are of their types, and the others each with the field that is not."""
    sound: list[T] = []
    others: list[tuple[T, str]] = []
    for one in stored:
        wrong = ill_typed(one)
        if wrong is None:
            sound.append(one)
        else:
            others.append((one, wrong))
    return sound, others


def odd_rows(rows: Iterable[tuple[Any, Any]]) -> Iterator[Any]:
    """Yield the keys of rows that are not (text, text, text) → bytes."""
    for key, value in rows:
        if not (all(type(part) is str for part in key) and type(value) is bytes):
            yield key
