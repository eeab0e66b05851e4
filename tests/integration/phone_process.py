"""The app's own ledger in Node, driven from Python: `pwa/tests/phone-driver.ts`, one command a line."""

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
PWA: Final = ROOT / "pwa"


def bundle_driver(folder: Path) -> Path:
    """Build the driver into a folder, and return the file that Node runs."""
    subprocess.run(["node", "tests/bundle-driver.mjs", str(folder)], cwd=PWA, check=True, timeout=120)
    return folder / "phone-driver.mjs"


class PhoneError(Exception):
    """The ledger threw."""


class Phones:
    """A process with any number of phones in it."""

    def __init__(self, driver: Path) -> None:
        self._process = subprocess.Popen(
            ["node", str(driver)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()

    def open(self, name: str) -> "PhoneProcess":
        """A phone whose app has just been opened; what was open on its disk before is as good as killed."""
        phone = PhoneProcess(self, name)
        phone.reopen()
        return phone

    def ask(self, phone: str, verb: str, **arguments: object) -> Any:
        """Send one command, and return its answer.

        Raises PhoneError.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"phone": phone, "do": verb, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise PhoneError(answer["error"])
        return answer["ok"]


class PhoneProcess:
    """One phone, by the words of the ledger."""

    def __init__(self, phones: Phones, name: str) -> None:
        self.phones, self.name = phones, name

    def ask(self, verb: str, **arguments: object) -> Any:
        """Send one command."""
        return self.phones.ask(self.name, verb, **arguments)

    def reopen(self) -> dict[str, Any]:
        """Kill the app and open it again on the same disk."""
        state: dict[str, Any] = self.ask("open")
        return state

    def copy(self, name: str) -> "PhoneProcess":
        """A phone on a copy of this one's disk: a restored backup, a copied profile."""
        self.ask("copy", to=name)
        return PhoneProcess(self.phones, name)

    def enrol(self, url: str, person: str, pin: str = "2468") -> None:
        """Redeem a code and sign in."""
        assert self.ask("enrol", url=url, pin=pin)["ok"]
        assert self.ask("sign-in", person=person, pin=pin) == {"ok": True}

    def record(self, kind: str, **fields: object) -> dict[str, Any]:
        """Record an op, and return its name."""
        ref: dict[str, Any] = self.ask("record", kind=kind, fields=fields)
        return ref

    def sync(self) -> str:
        """Meet the server, and say how that ended."""
        status: str = self.ask("sync")["type"]
        return status

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """What the screens would show of a table, by key."""
        return {row["key"]: row for row in self.ask("rows", table=table)}

    @property
    def outbox(self) -> list[dict[str, Any]]:
        """What was recorded here, the newest first."""
        items: list[dict[str, Any]] = self.ask("outbox")
        return items

    @property
    def pending(self) -> int:
        """Ops that are not on the server."""
        count: int = self.ask("state")["pendingCount"]
        return count
