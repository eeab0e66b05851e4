"""The field types of op bodies: what a wire value must be to be one (docs/protocol/operations.md §4)."""

from typing import Annotated, Final, Literal

from msgspec import Meta

INT_MAX: Final = 2**53 - 1
HASH_BYTES: Final = 32

Natural = Annotated[int, Meta(ge=0, le=INT_MAX)]
Whole = Annotated[int, Meta(ge=-INT_MAX, le=INT_MAX)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
"""An identifier of the organisation's own: item, lot, place, partner, person, order, task."""
IdOrNone = Annotated[str, Meta(max_length=64)]
"""An identifier where the empty string means «none» (a lot) or «the kind's own account» (a place)."""
Text = Annotated[str, Meta(max_length=1000)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
Device = Annotated[bytes, Meta(min_length=16, max_length=16)]
PublicKey = Annotated[bytes, Meta(min_length=65, max_length=65)]
Attributes = tuple[tuple[Id, object], ...]
Occurred = tuple[Whole, Whole, Literal["paper", "memory", "form"]]
