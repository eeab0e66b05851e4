"""Running the app on a socket: one process, one loop, until it is told to stop."""

import errno
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
import uvicorn

from api.app import create_app
from api.bootstrap import House, open_house
from api.demo_server import DemoServer, forget
from api.routes.demo import demo_router
from api.settings import SettingError, Settings
from api.unread import read_again_or_wait

KEEP_ALIVE_S: Final = 75
"""Longer than what lies between two polls of a phone: its next request needs no new handshake."""
GRACEFUL_S: Final = 5
BACKLOG: Final = 2048

Greeting = Callable[[House, DemoServer | None], Awaitable[None]]


async def serve(settings: Settings, *, fresh: bool = False, greet: Greeting | None = None) -> None:
    """Serve the organisation of the data folder, or the demo company, until a signal.

    Raises NotFoundedError, SettingError, FaultError.
    """
    with _listening(settings) as listener:
        if settings.demo and fresh:
            forget(settings)
        await _serve(settings, listener, greet)


async def _serve(settings: Settings, listener: socket.socket, greet: Greeting | None) -> None:
    async with _opened(settings) as (house, demo):
        app = create_app(house, more=() if demo is None else (demo_router(demo),))
        if greet is not None:
            await greet(house(), demo)
        server = uvicorn.Server(_config(app, settings))
        await server.serve(sockets=[listener])


def _listening(settings: Settings) -> socket.socket:
    """Take the address before anything else is done: nobody is greeted to a server that cannot be reached."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingError(name=f"{settings.host}:{settings.port}", reason=_why_not(error)) from error
    return listener


def _why_not(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            "another program listens there, perhaps a Gobi that still runs; stop it, or choose another --port"
        )
    return f"{error.strerror}"


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Callable[[], House], DemoServer | None]]:
    if settings.demo:
        demo = DemoServer(settings)
        try:
            await demo.open()
            yield demo.house, demo
        finally:
            await demo.close()
        return
    async with open_house(settings) as house:
        await read_again_or_wait(house)
        yield (lambda: house), None


def _config(app: Any, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACEFUL_S,
        backlog=BACKLOG,
    )


def configure_logs(*, is_json: bool) -> None:
    """One line per unit of work: JSON for machines, plain for a person at a terminal."""
    renderer: Any = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info if is_json else structlog.processors.UnicodeDecoder(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
