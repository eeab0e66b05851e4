"""A film of a barcode for Chromium's fake camera: Y4M, which the browser opens anew each time a camera starts."""

import base64
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
WIDTH: Final = 640
HEIGHT: Final = 480
FRAMES: Final = 8
_WALL: Final = 200
"""The grey behind the label."""
_PAPER: Final = 255
_QUIET_MODULES: Final = 6
_CHROMA: Final = bytes([128]) * (WIDTH * HEIGHT // 2)


class Code(NamedTuple):
    """What a label shows: for GS1 codes `text` is the bracketed element string and `options` is `gs1`."""

    text: str
    format: str = "DataMatrix"
    options: str = "gs1"


class Symbol(NamedTuple):
    """The modules of a barcode, row by row, one byte each."""

    width: int
    height: int
    pixels: bytes


def draw(*codes: Code) -> list[Symbol]:
    """Return the symbol of each code."""
    asked = json.dumps([code._asdict() for code in codes])
    script = ROOT / "tests" / "tools" / "draw_codes.mjs"
    done = subprocess.run(["node", script], input=asked, capture_output=True, text=True, check=True)
    return [Symbol(s["width"], s["height"], base64.b64decode(s["pixels"])) for s in json.loads(done.stdout)]


def film(path: Path, code: Code | None) -> None:
    """Write the film of one label, or of an empty wall."""
    luma = _picture(draw(code)[0]) if code is not None else bytes([_WALL]) * (WIDTH * HEIGHT)
    film_pictures(path, [luma] * FRAMES)


def film_pictures(path: Path, pictures: Sequence[bytes]) -> None:
    """Write a film that shows pictures again and again, in one step: a browser never sees half of it.

    A picture is WIDTH × HEIGHT bytes of grey.
    """
    header = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
    fresh = path.with_suffix(".new")
    fresh.write_bytes(header + b"".join(b"FRAME\n" + luma + _CHROMA for luma in pictures))
    fresh.replace(path)


def _picture(symbol: Symbol) -> bytes:
    """The symbol on white paper in the middle of the picture, as large as fits into most of it."""
    rows = [bytearray([_WALL]) * WIDTH for _ in range(HEIGHT)]
    wide, high = symbol.width + 2 * _QUIET_MODULES, symbol.height + 2 * _QUIET_MODULES
    scale = max(1, min(WIDTH * 9 // 10 // wide, HEIGHT * 8 // 10 // high))
    left, top = (WIDTH - wide * scale) // 2, (HEIGHT - high * scale) // 2
    for y in range(high * scale):
        module_y = y // scale - _QUIET_MODULES
        row = rows[top + y]
        for x in range(wide * scale):
            module_x = x // scale - _QUIET_MODULES
            inside = 0 <= module_x < symbol.width and 0 <= module_y < symbol.height
            row[left + x] = symbol.pixels[module_y * symbol.width + module_x] if inside else _PAPER
    return b"".join(rows)
