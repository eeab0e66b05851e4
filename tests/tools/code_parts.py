"""The parts of a package as a stranger would write them from docs/protocol/relay.md §3: they make the vectors."""

from hashlib import sha256
from typing import Final

BLOCK_BYTES: Final = 320
_CHARS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def base45(data: bytes) -> str:
    """RFC 9285."""
    text = ""
    for first in range(0, len(data), 2):
        pair = data[first : first + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            value, digit = divmod(value, 45)
            text += _CHARS[digit]
    return text


def blocks_of(body: bytes) -> list[bytes]:
    """The package in blocks of one size, the last one filled up with zeros."""
    count = -(-len(body) // BLOCK_BYTES)
    size = -(-len(body) // count)
    return [body[first : first + size].ljust(size, b"\0") for first in range(0, count * size, size)]


def members(name: bytes, number: int, count: int) -> list[int]:
    """Which blocks a part is the XOR of."""
    if number < count:
        return [number]
    chosen = []
    for block in range(count):
        chance = sha256(name + number.to_bytes(2, "big") + bytes([block // 256])).digest()
        if chance[block % 256 // 8] >> (block % 8) & 1:
            chosen.append(block)
    return chosen or [number % count]


def part(body: bytes, number: int, *, packing: int = 1) -> str:
    """The text of one QR code; `packing` 1: the body as it is, 2: raw DEFLATE."""
    blocks, name = blocks_of(body), sha256(body).digest()[:16]
    block = 0
    for member in members(name, number, len(blocks)):
        block ^= int.from_bytes(blocks[member], "big")
    data = (
        bytes([packing])
        + name
        + len(body).to_bytes(3, "big")
        + len(blocks).to_bytes(2, "big")
        + number.to_bytes(2, "big")
        + block.to_bytes(len(blocks[0]), "big")
    )
    return "GOBI:" + base45(data + sha256(data).digest()[:4])
