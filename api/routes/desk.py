"""All that the desk asks: behind a device's proof, a live session, and a role of the desk."""

from typing import Final

from litestar import Router
from litestar.di import Provide

from api.given import Housed
from api.identity import Asked, Caller, asking_person
from api.routes import devices, findings, imports, recovery, stock, unread


async def desk_caller(request: Asked, house: Housed) -> Caller:
    """Return who asks; refuse everybody without a role of the desk."""
    return await asking_person(request, house)


QUERIES: Final = Router(
    "/api/v1",
    route_handlers=[*stock.ROUTES, *findings.ROUTES, *devices.ROUTES, *recovery.ROUTES, *unread.ROUTES],
    dependencies={"caller": Provide(desk_caller)},
    tags=["desk"],
)
ACTS: Final = Router("/api/v1", route_handlers=[*unread.ACTS], tags=["desk"])
IMPORTS: Final = Router("/api/v1", route_handlers=[*imports.ROUTES], tags=["imports"])
