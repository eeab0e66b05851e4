"""What a server is told from outside: the one place that reads the environment.

A secret comes from the variable, from the file that `<variable>_FILE` names, or from the data folder, where the first
start makes it. Nothing here is ever logged.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec import Struct

from domain.errors import DomainError

DATA_DIR: Final = Path("var")
PORT: Final = 8000
SECRET_BYTES: Final = 32


class SettingError(DomainError):
    """The server was told something that it cannot use."""

    code: ClassVar[str] = "wrong-setting"

    def __init__(self, *, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason = name, reason


class Settings(Struct, frozen=True, kw_only=True):
    """Where the server keeps its data, where it listens, and under which names it answers."""

    data_dir: Path = DATA_DIR
    host: str = "127.0.0.1"
    port: int = PORT
    public_url: str = ""
    """As phones reach it, without a slash at its end; empty: http://<host>:<port>."""
    hosts: tuple[str, ...] = ()
    """Further names under which it answers; `localhost`, `*.localhost` and the public URL's always count."""
    database_url: str = ""
    """Empty: one SQLite file in the data folder."""
    org: str = ""
    """Which organisation to serve; empty: the only one of the database."""
    demo: bool = False

    @property
    def url(self) -> str:
        """The URL in enrolment codes."""
        if self.public_url:
            return self.public_url
        name = "localhost" if self.host in {"0.0.0.0", "::", "127.0.0.1"} else self.host  # noqa: S104  # compared, not bound
        return f"http://{name}:{self.port}"


def read_settings(environment: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Return the settings of the environment, with what the command line gave on top (None: not given).

    Raises SettingError.
    """
    env = os.environ if environment is None else environment
    told: dict[str, object] = {
        "data_dir": Path(env.get("GOBI_DATA", str(DATA_DIR))),
        "host": env.get("GOBI_HOST", "127.0.0.1"),
        "port": _port(env.get("GOBI_PORT", str(PORT))),
        "public_url": env.get("GOBI_URL", "").rstrip("/"),
        "hosts": tuple(name.strip().lower() for name in env.get("GOBI_HOSTS", "").split(",") if name.strip()),
        "database_url": _told(env, "GOBI_DATABASE_URL") or "",
        "org": env.get("GOBI_ORG", ""),
    }
    told.update({name: value for name, value in given.items() if value is not None})
    return Settings(**told)  # type: ignore[arg-type]  # each was parsed above or by the command line


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) < 65536:  # noqa: PLR2004  # the ports there are
        raise SettingError(name="GOBI_PORT", reason=f"not a port: {text!r}")
    return int(text)


def _told(env: Mapping[str, str], name: str) -> str | None:
    """The value of a variable, or of the file that `<name>_FILE` names."""
    path = env.get(f"{name}_FILE")
    if path is None:
        return env.get(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(name=f"{name}_FILE", reason=f"cannot read it ({error.strerror})") from error


# --- secrets -------------------------------------------------------------------------------------------------------


class Secrets(Struct, frozen=True):
    """What only this server knows. Whoever has all of it is the organisation's server."""

    organisation: bytes
    """Nonces of all devices follow from it: without it no frame can be read."""
    server_key: ec.EllipticCurvePrivateKey
    """Seals the ops of the server's device."""
    log_key: bytes
    """Ed25519 seed of the key that signs checkpoints."""
    dpop: bytes
    """Makes DPoP nonces; may change at any time."""


def read_secrets(data_dir: Path, environment: Mapping[str, str] | None = None) -> Secrets:
    """Return the secrets of the environment or of the data folder; the first start makes them there.

    Raises SettingError.
    """
    env = os.environ if environment is None else environment
    folder = data_dir / "secrets"
    return Secrets(
        organisation=_bytes(env, "GOBI_ORGANISATION_SECRET", folder / "organisation"),
        server_key=_server_key(env, folder / "server-key.pem"),
        log_key=_bytes(env, "GOBI_LOG_KEY", folder / "log-key"),
        dpop=_bytes(env, "GOBI_DPOP_SECRET", folder / "dpop"),
    )


def _bytes(env: Mapping[str, str], name: str, path: Path) -> bytes:
    told = _told(env, name)
    text = told if told is not None else _kept(path, lambda: secrets.token_hex(SECRET_BYTES))
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != SECRET_BYTES:
        raise SettingError(name=name, reason=f"not {SECRET_BYTES} bytes in hex")
    return found


def _server_key(env: Mapping[str, str], path: Path) -> ec.EllipticCurvePrivateKey:
    told = _told(env, "GOBI_SERVER_KEY")
    pem = told if told is not None else _kept(path, _new_key)
    try:
        key = load_pem_private_key(pem.encode(), None)
    except ValueError as error:
        raise SettingError(name="GOBI_SERVER_KEY", reason="not a private key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SettingError(name="GOBI_SERVER_KEY", reason="not a key of P-256")
    return key


def _new_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Return what the file holds; the first time make it, readable by nobody else."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = make()
    try:
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:  # another process was first
        return path.read_text(encoding="utf-8").strip()
    return text
