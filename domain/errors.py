"""The three ways in which something is not done, and who has to act on each.

A *refusal* says that a rule answered no: nothing changed, and the same request will be refused
again until its facts change. A *fault* says that the world failed: trying again may help. A *bug*
is an assertion and has no class here. Leaves live beside the rule that raises them; the HTTP
status of each stands in `api/problems.py` and its explanation in `docs/errors/<code>.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DomainError", "FaultError", "ProtocolError"]


class _CodedError(Exception):
    """An outcome with a stable name; what it is about stands in its attributes."""

    code: ClassVar[str]
    """Kebab-case, unique and never renamed: problem type, log field, metric label, document."""

    @property
    def facts(self) -> Mapping[str, object]:
        """The attributes that the leaf was given, by name: all that its caller may see."""
        return {name: fact for name, fact in vars(self).items() if not name.startswith("_")}


class DomainError(_CodedError):
    """A rule said no and nothing changed.

    A leaf sets `code`, takes its facts as keywords, keeps them as attributes and builds its own
    message from them: lower case, no full stop, what was typed in quotes. It carries only facts
    that its caller may see.
    """


class ProtocolError(DomainError):
    """What a peer sent breaks the protocol, so it is refused whole; our own misuse is a bug."""


class FaultError(_CodedError):
    """The world failed: a disk, a network, a peer. No rule has spoken.

    `retryable` says whether the same call can succeed later, `retry_after_s` when to try, where
    that is known.
    """

    def __init__(self, message: str, *, retryable: bool = True, retry_after_s: int | None = None) -> None:
        """Say what failed, and whether and when trying again may help."""
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
