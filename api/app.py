"""The ASGI application: routes, problems, OpenAPI, and the edge around them. One factory, no globals."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Tag
from litestar.types import ControllerRouterHandler
from sqlalchemy.exc import SQLAlchemyError

from api import pages, problems
from api.bootstrap import House
from api.edge import Edge
from api.routes import (
    acknowledgements,
    bundles,
    desk,
    enrolment,
    evidence,
    log,
    passkeys,
    rights,
    snapshots,
    sync,
)
from domain.errors import DomainError, FaultError

BODY_BYTES_MAX: Final = 12 * 1024 * 1024
"""More than any route reads; each has a limit of its own."""

_TAGS: Final = [
    Tag("sync", "Phones: frames up, rows down."),
    Tag("enrolment", "How a device joins."),
    Tag("identity", "Who people are and what they may do: passkeys, rights, sessions."),
    Tag("evidence", "Photos, signatures and documents."),
    Tag("log", "The transparency log: public, C2SP formats."),
    Tag(
        "desk",
        "What a manager asks. Each request carries a DPoP proof of the device and the header Gobi-Session.",
    ),
    Tag("imports", "Master data and opening stock from CSV and XLSX."),
]

_ROUTES: Final[Sequence[ControllerRouterHandler]] = (
    *sync.ROUTES,
    *snapshots.ROUTES,
    *bundles.ROUTES,
    *acknowledgements.ROUTES,
    enrolment.ROUTER,
    passkeys.ROUTER,
    rights.ROUTER,
    evidence.ROUTER,
    desk.QUERIES,
    desk.ACTS,
    desk.IMPORTS,
    log.ROUTER,
    *pages.ROUTES,
)


def create_app(
    house: Callable[[], House],
    *,
    more: Sequence[ControllerRouterHandler] = (),
    files: pages.Pages | None = None,
) -> Edge:
    """Return the application of the house that is open now; `more` are routes that only the demo has."""
    listeners = sync.Listeners()

    async def up_to_date() -> House:
        # Whatever another process answered before this request came, its answer knows too.
        opened = house()
        await opened.sequencer.refresh()
        return opened

    @asynccontextmanager
    async def streams_end(_app: Litestar) -> AsyncIterator[None]:
        try:
            yield
        finally:
            listeners.is_over.set()

    app = Litestar(
        route_handlers=[*_ROUTES, *more],
        dependencies={
            "house": Provide(up_to_date),
            "house_at_hand": Provide(house, sync_to_thread=False),
            "listeners": _provided(listeners),
            "pages_of_build": _provided(files or pages.Pages()),
        },
        exception_handlers={
            DomainError: problems.refused,
            FaultError: problems.failed,
            SQLAlchemyError: problems.database_failed,
            ConnectionError: problems.database_failed,
            TimeoutError: problems.database_failed,
            HTTPException: problems.rejected,
            UnicodeDecodeError: problems.not_text,
            Exception: problems.broken,
        },
        lifespan=[streams_end],
        compression_config=CompressionConfig(
            backend="gzip",
            minimum_size=1_024,
            exclude=["^/api/v1/sync", "^/api/v1/evidence", "^/api/v1/snapshots", "^/log"],
            exclude_opt_key=pages.PACKED,
        ),
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=OpenAPIConfig(
            title="Gobi",
            version="1",
            description="The stock ledger that works where there is no signal. Errors are RFC 9457 problems.",
            path="/schema",
            render_plugins=[JsonRenderPlugin()],
            tags=_TAGS,
        ),
        logging_config=None,
    )
    return Edge(app, house)


def _provided(value: Any) -> Provide:
    return Provide(_constant(value), sync_to_thread=False)


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value
