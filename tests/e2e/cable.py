"""A network cable between one phone and the server that can be cut: a TCP relay in a thread of its own."""

import contextlib
import socket
import threading
from typing import Final

_CHUNK: Final = 65_536


class Cable:
    """Relays connections to 127.0.0.1:`target`; while it is cut, new ones are refused and open ones are reset."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._cut = threading.Event()
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection and take no more."""
        self._cut.set()
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            _end(end)

    def mend(self) -> None:
        """Let connections through again."""
        self._cut.clear()

    def close(self) -> None:
        """Stop for good."""
        self.cut()
        self._closed.set()
        _end(self._listener)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        if self._cut.is_set():
            _end(near)
            return
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=10)
        except OSError:
            _end(near)
            return
        far.settimeout(None)
        with self._lock:
            self._open |= {near, far}
        if self._cut.is_set():  # it was cut while we connected
            _end(near)
            _end(far)
            return
        threading.Thread(target=self._pump, args=(near, far), daemon=True).start()
        self._pump(far, near)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while chunk := source.recv(_CHUNK):
                sink.sendall(chunk)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open -= {source, sink}
            _end(source)
            _end(sink)


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()
