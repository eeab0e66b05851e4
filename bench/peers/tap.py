"""A tap on the wire: it hands bytes on between clients and a server, and counts requests, bodies and all bytes.

HTTP/1.1 with lengths or chunks is all that it understands; whoever speaks otherwise is handed on and counted as body.
It runs in a thread of its own, so that those who speak through it need not know.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from msgspec import Struct

_READ_BYTES = 64 * 1024


class Counted(Struct):
    """What went through since the beginning, both ways."""

    requests: int = 0
    sent: int = 0
    """Bytes of the bodies of requests."""
    received: int = 0
    """Bytes of the bodies of answers."""
    total: int = 0
    """All bytes of both ways, heads included."""

    @property
    def bodies(self) -> int:
        """Bytes of bodies, both ways."""
        return self.sent + self.received

    def since(self, before: "Counted") -> "Counted":
        """Return what went through after an earlier reading."""
        return Counted(
            self.requests - before.requests,
            self.sent - before.sent,
            self.received - before.received,
            self.total - before.total,
        )


class Tap:
    """See `tap`."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._counted = Counted()
        self._server_port = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def read(self) -> Counted:
        """Return what has gone through."""
        return self._counted.since(Counted())

    def close(self) -> None:
        """Hang up."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connect, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        with suppress(asyncio.CancelledError):  # the measurement is over; nobody waits for this task
            await asyncio.gather(
                self._hand_on(reader, to_server, is_request=True), self._hand_on(from_server, writer)
            )

    async def _hand_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_request: bool = False
    ) -> None:
        messages = Messages()
        with suppress(ConnectionError):
            while data := await source.read(_READ_BYTES):
                self._counted.total += len(data)
                messages.take(data)
                if is_request:
                    self._counted.requests += messages.heads
                    self._counted.sent += messages.bodies
                else:
                    self._counted.received += messages.bodies
                messages.bodies = messages.heads = 0
                sink.write(data)
                await sink.drain()
        sink.close()


class Messages:
    """One direction of a connection: tells heads from bodies."""

    def __init__(self) -> None:
        self.heads = self.bodies = 0
        self._rest = b""
        self._left = 0
        self._is_chunked = False

    def take(self, data: bytes) -> None:
        """Count what comes next."""
        self._rest += data
        while self._rest and self._step():
            pass

    def _step(self) -> bool:
        """Take one head, chunk or piece of a body; return whether there was a whole one."""
        if self._left:
            taken = min(self._left, len(self._rest))
            self._left -= taken
            self.bodies += taken
            self._rest = self._rest[taken:]
            return True
        end = b"\r\n" if self._is_chunked else b"\r\n\r\n"
        head, found, rest = self._rest.partition(end)
        if not found:
            return False
        self._rest = rest
        if self._is_chunked:
            self._chunk(head)
        else:
            self._head(head)
        return True

    def _chunk(self, head: bytes) -> None:
        size = int(head.partition(b";")[0] or b"0", 16) if head else None
        if size is None:  # the line after the last chunk
            self._is_chunked = False
        elif size:
            self._left = size + len(b"\r\n")
            self.bodies -= len(b"\r\n")

    def _head(self, head: bytes) -> None:
        self.heads += 1
        for line in head.lower().split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name == b"content-length":
                self._left = int(value)
            elif name == b"transfer-encoding" and b"chunked" in value:
                self._is_chunked = True


@contextmanager
def tap(port: int) -> Iterator[Tap]:
    """Listen in front of a server of this machine."""
    listening = Tap(port)
    try:
        yield listening
    finally:
        listening.close()
