"""Every refusal and every fault as an RFC 9457 problem: which HTTP status it has stands here and nowhere else.

A leaf of DomainError or FaultError without a row is found by a test, as is one without `docs/errors/<code>.md`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import DomainError, FaultError
from sync_engine.adapters.faults import fault_of

log: Final = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
TEXT_MAX: Final = 200
"""Of what a caller typed, this much is repeated."""

_BAD: Final = HTTPStatus.BAD_REQUEST
_UNPROCESSABLE: Final = HTTPStatus.UNPROCESSABLE_ENTITY
_CONFLICT: Final = HTTPStatus.CONFLICT
_UNAVAILABLE: Final = HTTPStatus.SERVICE_UNAVAILABLE

STATUSES: Final[Mapping[str, HTTPStatus]] = {
    # what came is not what it should be
    "malformed-request": _BAD,
    "malformed-reply": HTTPStatus.BAD_GATEWAY,
    "malformed": _BAD,
    "request-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported-media-type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "malformed-query": _BAD,
    "malformed-instant": _BAD,
    "malformed-quantity": _BAD,
    "malformed-code": _BAD,
    "malformed-template": _BAD,
    "wrong-check-digit": _BAD,
    "malformed-frame": _BAD,
    "frame-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "wrong-seal": _UNPROCESSABLE,
    "too-many-waiting": HTTPStatus.TOO_MANY_REQUESTS,
    "unknown-device": HTTPStatus.NOT_FOUND,
    "kept-unread": HTTPStatus.ACCEPTED,
    "too-many-unread": HTTPStatus.TOO_MANY_REQUESTS,
    "malformed-acknowledgement": _BAD,
    "false-acknowledgement": _UNPROCESSABLE,
    "malformed-note": _BAD,
    "malformed-checkpoint": _BAD,
    "note-refused": _UNPROCESSABLE,
    "proof-refused": _UNPROCESSABLE,
    "authorship-refused": _UNPROCESSABLE,
    "wrong-host": HTTPStatus.MISDIRECTED_REQUEST,
    "not-found": HTTPStatus.NOT_FOUND,
    "method-not-allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "malformed-body-encoding": _BAD,
    # who asks
    "wrong-proof": HTTPStatus.UNAUTHORIZED,
    "wrong-assertion": HTTPStatus.UNAUTHORIZED,
    "no-passkeys-here": HTTPStatus.CONFLICT,
    "not-entitled-to-passkey": HTTPStatus.FORBIDDEN,
    "passkey-there": HTTPStatus.CONFLICT,
    "use-dpop-nonce": HTTPStatus.UNAUTHORIZED,
    "no-session": HTTPStatus.UNAUTHORIZED,
    "session-expired": HTTPStatus.UNAUTHORIZED,
    "no-right": HTTPStatus.FORBIDDEN,
    "not-enrolled": HTTPStatus.UNAUTHORIZED,
    "revoked-device": HTTPStatus.FORBIDDEN,
    "unknown-enrolment-code": HTTPStatus.NOT_FOUND,
    "unknown-person": HTTPStatus.NOT_FOUND,
    "unknown-role": _UNPROCESSABLE,
    "last-admin": HTTPStatus.CONFLICT,
    "wrong-bucket-token": HTTPStatus.FORBIDDEN,
    "bucket-token-expired": HTTPStatus.FORBIDDEN,
    "snapshot-gone": HTTPStatus.NOT_FOUND,
    "stale-page": _BAD,
    "wrong-blob": HTTPStatus.BAD_GATEWAY,
    # files
    "unreadable-file": _UNPROCESSABLE,
    "unknown-table": _UNPROCESSABLE,
    "bad-rows": _UNPROCESSABLE,
    "wrong-digest": _UNPROCESSABLE,
    # rules
    "malformed-body": _UNPROCESSABLE,
    "tare-exceeds-gross": _UNPROCESSABLE,
    "deduction-exceeds-net": _UNPROCESSABLE,
    "quantity-too-large": _UNPROCESSABLE,
    "rounding-too-large": _UNPROCESSABLE,
    "demo-over": _CONFLICT,
    "unknown-bench": HTTPStatus.NOT_FOUND,
    "not-recorded": _CONFLICT,
    "wrong-setting": _BAD,
    "not-founded": HTTPStatus.NOT_FOUND,
    "wrong-backup": _UNPROCESSABLE,
    "not-recovering": _CONFLICT,
    "newer-head-known": _CONFLICT,
    # the world
    "bug": HTTPStatus.INTERNAL_SERVER_ERROR,
    "too-many-listeners": _UNAVAILABLE,
    "ledger-unavailable": _UNAVAILABLE,
    "ledger-in-use": _UNAVAILABLE,
    "newer-database": _UNAVAILABLE,
    "log-rolled-back": HTTPStatus.INTERNAL_SERVER_ERROR,
    "pin-lost": HTTPStatus.INTERNAL_SERVER_ERROR,
    "ledger-recovering": _UNAVAILABLE,
    "backup-fault": _UNAVAILABLE,
    "log-contradicted": HTTPStatus.INTERNAL_SERVER_ERROR,
    "tile-missing": HTTPStatus.INTERNAL_SERVER_ERROR,
    "pin-fault": _UNAVAILABLE,
    "ledger-damaged": HTTPStatus.INTERNAL_SERVER_ERROR,
    "storage-full": _UNAVAILABLE,
    "storage-fault": _UNAVAILABLE,
}
"""Code → status. What is missing (a test forbids it) is a bad request of the caller, or the world's failure."""


def status_of(error: DomainError | FaultError) -> HTTPStatus:
    """Return the status of a refusal or a fault."""
    other = _UNAVAILABLE if isinstance(error, FaultError) else _BAD
    return STATUSES.get(error.code, other)


def problem(
    status: int,
    code: str,
    detail: str,
    facts: Mapping[str, object] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """Return the answer that says what is wrong; facts never take the place of the members of RFC 9457."""
    members = {
        **{name: _plain(fact) for name, fact in (facts or {}).items()},
        "type": f"/errors/{code}",
        "title": code.replace("-", " "),
        "status": int(status),
        "detail": detail,
    }
    content = msgspec.json.encode(members)
    return Response(content, status_code=int(status), media_type=MEDIA_TYPE, headers=dict(headers or {}))


def _plain(fact: object) -> object:
    """A fact as JSON can say it."""
    match fact:
        case None | bool() | int() | float():
            return fact
        case bytes():
            return fact.hex()
        case str():
            return fact[:TEXT_MAX]
        case Mapping():
            return {str(name): _plain(value) for name, value in fact.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(value) for value in fact]
        case msgspec.Struct():
            return msgspec.to_builtins(fact)
        case _:
            return str(fact)[:TEXT_MAX]


# --- handlers ------------------------------------------------------------------------------------------------------

_Asked = Request[Any, Any, Any]


def refused(_request: _Asked, error: DomainError) -> Response[bytes]:
    """A rule said no."""
    status = status_of(error)
    headers = {"WWW-Authenticate": _challenge(error.code)} if status == HTTPStatus.UNAUTHORIZED else {}
    return problem(status, error.code, str(error), error.facts, headers=headers)


def _challenge(code: str) -> str:
    return 'DPoP algs="ES256"' + (', error="use_dpop_nonce"' if code == "use-dpop-nonce" else "")


def failed(_request: _Asked, error: FaultError) -> Response[bytes]:
    """The world failed: the caller may try again when it says so."""
    facts = {name: fact for name, fact in error.facts.items() if name not in {"retryable", "retry_after_s"}}
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    log.warning("request_failed", code=error.code, detail=str(error))
    return problem(status_of(error), error.code, str(error), facts, headers=headers)


def database_failed(request: _Asked, error: SQLAlchemyError | OSError) -> Response[bytes]:
    """What the API itself reads or keeps beside the ledger could not be: the database is away, or its disk is full."""
    return failed(request, fault_of(error))


def rejected(_request: _Asked, error: HTTPException) -> Response[bytes]:
    """What the framework found wrong before a route was reached."""
    if isinstance(error, ValidationException):
        return problem(HTTPStatus.BAD_REQUEST, "malformed-query", _validation(error))
    status = HTTPStatus(error.status_code)
    code = _BY_STATUS.get(status, "malformed-query" if status < HTTP_500_INTERNAL_SERVER_ERROR else "bug")
    return problem(status, code, str(error.detail)[:TEXT_MAX], headers=error.headers)


def _validation(error: ValidationException) -> str:
    found = error.extra if isinstance(error.extra, list) else []
    said = [f"{part.get('key', '?')}: {part.get('message', '')}" for part in found if isinstance(part, dict)]
    return "; ".join(said)[:TEXT_MAX] or str(error.detail)[:TEXT_MAX]


_BY_STATUS: Final = {
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request-too-large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported-media-type",
}


def not_text(_request: _Asked, _error: UnicodeDecodeError) -> Response[bytes]:
    """A JSON body that is no UTF-8: the framework lets its decoder's error through."""
    return problem(HTTPStatus.BAD_REQUEST, "malformed-query", "the body is not UTF-8")


_AS_DECODERS_SAY: Final = "while deserializing an object"
"""How the decoder's limit is told from a recursion of ours: the framework lets its error through."""


def broken(request: _Asked, error: Exception) -> Response[bytes]:
    """A bug of ours: the caller learns that nothing was acknowledged, the log the rest."""
    if isinstance(error, RecursionError) and str(error).endswith(_AS_DECODERS_SAY):
        return problem(HTTPStatus.BAD_REQUEST, "malformed-query", "the body nests too deeply")
    log.error("request_broke", path=request.url.path, exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "bug", "something broke on the server; nothing was acknowledged"
    )
