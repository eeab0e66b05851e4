"""Real phones in one Node process: `pwa/tests/sim-driver.ts`, a line a command, a line an event.

After each line that goes in the process runs until nothing runs in it any more, and says so: so what happens is decided
here alone. A phone that asks for the network waits until it is told what became of its request.
"""

import json
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, NamedTuple, Self

from api.simulation.asgi import Request, Response

PWA: Final = Path(__file__).resolve().parents[2] / "pwa"
BUNDLER: Final = "tests/bundle-driver.mjs"
DRIVER: Final = "sim-driver"
BUNDLE_S_MAX: Final = 120.0


class Answer(NamedTuple):
    """How a command ended."""

    ok: Any = None
    error: Mapping[str, Any] | None = None
    is_dead: bool = False
    """The app was killed in the middle of it."""
    steps: int = 0
    """The points at which it could have been killed."""


class Fetch(NamedTuple):
    """A phone asks for the network; the command waits."""

    key: int
    phone: str
    tab: int
    request: Request


class Turn(NamedTuple):
    """What happened until nothing ran any more."""

    answers: Mapping[int, Answer]
    fetches: tuple[Fetch, ...]


class DriverError(Exception):
    """The Node process is gone or says what nobody understands: a fault of the simulator, not of a phone."""


def bundle(folder: Path, patches: Path | None = None) -> Path:
    """Build the driver from the app's source, patched if asked, and return the file that Node runs.

    Raises CalledProcessError.
    """
    more = [] if patches is None else [str(patches)]
    subprocess.run(["node", BUNDLER, str(folder), DRIVER, *more], cwd=PWA, check=True, timeout=BUNDLE_S_MAX)
    return folder / f"{DRIVER}.mjs"


class Phones:
    """The process. `turn` is all that moves it."""

    def __init__(self, driver: Path) -> None:
        self._process = subprocess.Popen(
            ["node", str(driver)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1 << 20
        )
        self._last = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._pipe(self._process.stdin).close()
        self._process.wait(timeout=20)
        self._pipe(self._process.stdout).close()

    def kill(self) -> None:
        """End the process whatever it does."""
        self._process.kill()
        self._process.wait(timeout=20)
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what is not written yet has nowhere to go
                self._pipe(pipe).close()

    def command(self, phone: str, verb: str, **arguments: Any) -> tuple[int, Turn]:
        """Begin a command; return its number and what happened at once. It has ended when it is among the answers."""
        self._last += 1
        return self._last, self._turn({"id": self._last, "phone": phone, "do": verb, **arguments})

    def fetched(self, fetch: Fetch, response: Response | None, **clock: int) -> Turn:
        """Tell a phone what became of its request: an answer, or None when the network gave none."""
        line: dict[str, Any] = {"fetched": fetch.key, "phone": fetch.phone, **clock}
        if response is None:
            line["cut"] = True
        else:
            line["status"], line["headers"] = response.status, dict(response.headers)
            line["body"] = b64encode(response.body).decode()
        return self._turn(line)

    def _turn(self, line: Mapping[str, Any]) -> Turn:
        writes, reads = self._pipe(self._process.stdin), self._pipe(self._process.stdout)
        writes.write(json.dumps(line).encode() + b"\n")
        writes.flush()
        answers: dict[int, Answer] = {}
        fetches: list[Fetch] = []
        while True:
            said = reads.readline()
            if not said:
                raise DriverError(f"the phones' process ended over {line}")
            event = json.loads(said)
            if "rest" in event:
                return Turn(answers, tuple(fetches))
            if "fetch" in event:
                fetches.append(_fetch(event))
            else:
                answers[event["id"]] = Answer(
                    event.get("ok"), event.get("error"), event.get("died", False), event.get("steps", 0)
                )

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None, "opened with pipes"
        return pipe


def _fetch(event: Mapping[str, Any]) -> Fetch:
    body = event.get("body")
    request = Request(event["method"], event["url"], event["headers"], b64decode(body) if body else b"")
    return Fetch(event["fetch"], event["phone"], event.get("tab", 0), request)
