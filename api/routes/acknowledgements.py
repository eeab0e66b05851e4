"""What the server signs about a device's ops, for the device itself or for whoever carries it there."""

from base64 import urlsafe_b64encode
from typing import Annotated, Final

from litestar import Response, get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from api.acknowledging import acknowledge
from api.given import Housed
from api.identity import Asked, asking_device
from api.routes.log import NotFoundError
from domain.ops import HASH_BYTES
from sync_engine.acknowledgement import NAMED_MAX
from sync_engine.wire import MalformedRequestError

MEDIA_TYPE: Final = "application/vnd.gobi.ack+msgpack"

_Named = Annotated[
    str,
    QueryParameter(
        description="leaf hashes in hex, joined by dots, that are acknowledged if they are in the log"
    ),
]


@get("/api/v1/devices/{device:str}/acknowledgement", tags=["sync"])
async def acknowledgement(
    request: Asked, house: Housed, device: FromPath[str], ops: _Named = ""
) -> Response[bytes]:
    """How far a device's ops are durable here, signed by the server's device (docs/protocol/relay.md §5).

    Needs the proof of any device of the organisation, but no session and no fresh nonce: a revoked phone may know
    whether it can be wiped, too.
    """
    asker = await asking_device(request, house, is_fresh=False)
    try:
        identity = bytes.fromhex(device)
    except ValueError:
        raise NotFoundError(what="device") from None
    if house.ledger.directory.device(identity) is None:
        raise NotFoundError(what="device")
    signed = await acknowledge(house, identity, asker=asker, named=_named(ops))
    return Response(signed, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


class ServerKey(Struct, frozen=True):
    """The key that signs acknowledgements."""

    server_key: str
    """65-byte point, base64url."""


@get("/api/v1/server-key", tags=["sync"])
async def server_key(house: Housed) -> ServerKey:
    """The public key of the server's device: for phones whose enrolment did not say it; they ask once."""
    return ServerKey(urlsafe_b64encode(house.genesis.key).decode().rstrip("="))


def _named(text: str) -> list[bytes]:
    """Return the hashes of a query. Raises MalformedRequestError."""
    if not text:
        return []
    try:
        hashes = [bytes.fromhex(part) for part in text.split(".", NAMED_MAX)]
    except ValueError:
        raise MalformedRequestError(reason="ops that are no leaf hashes") from None
    if len(hashes) > NAMED_MAX or any(len(digest) != HASH_BYTES for digest in hashes):
        raise MalformedRequestError(reason=f"ops that are not at most {NAMED_MAX} leaf hashes")
    return hashes


ROUTES: Final = (acknowledgement, server_key)
