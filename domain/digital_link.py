"""GS1 Digital Link URIs (URI syntax 1.6.0), uncompressed: any domain, a primary key, its qualifiers, attributes.

`https://<domain>[/stem]/01/<GTIN-14>[/22/<cpv>][/10/<lot>][/21/<serial>][?17=…]`. Scheme and domain may be upper case,
which lets the whole link stand in a QR code's alphanumeric mode; the rest is kept, because lots tell case apart.
Twin: `pwa/src/domain/digital-link.ts`; corpus: `tests/vectors/domain/digital_link.json`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from domain.gs1 import CENTURY_YEAR, Element, checked_element
from domain.gs1_ais import AIS
from domain.gtin import MalformedCodeError

_URI: Final = re.compile(
    r"(?:https?|HTTPS?)://([A-Za-z0-9\-._~:\[\]@]+)(/[A-Za-z0-9\-._~:/\[\]@!$&'()*+,;=%]*)"
    r"(?:\?([A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]*))?(?:#[\x21-\x7e]*)?",
)
_SERIAL_ALONE: Final = re.compile(r"(?:^|/)t/([0-9A-Z]{16,40})$", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})?")

Qualifiers = Sequence[Sequence[str]]


def is_web_link(text: str) -> bool:
    """Whether the text is a web address, of goods or not."""
    return text.startswith(("http://", "https://", "HTTP://", "HTTPS://"))


def parse_digital_link(uri: str, *, year: int = CENTURY_YEAR) -> tuple[Element, ...]:
    """Return the elements of a Digital Link: its key, its qualifiers, its attributes.

    Raises MalformedCodeError and WrongCheckDigitError.
    """
    path, query = _split(uri)
    pairs = _path_pairs(uri, path)
    key, *qualifiers = pairs
    sequences = AIS[key[0]].qualifiers or ()
    used = [ai for ai, _ in qualifiers]
    fitting = [sequence for sequence in sequences if _is_within(used, sequence)]
    if not fitting:
        raise MalformedCodeError(text=uri, reason="wrong-qualifiers")
    attributes = list(_attributes(uri, query))
    elements = [*pairs, *attributes]
    numbers = [ai for ai, _ in elements]
    if len(set(numbers)) != len(numbers):
        raise MalformedCodeError(text=uri, reason="identifier-twice")
    for ai, _ in attributes:
        if not AIS[ai].attribute or any(ai in sequence for sequence in fitting):
            raise MalformedCodeError(text=uri, reason="not-in-query")
    return tuple(checked_element(AIS[ai], value, year=year) for ai, value in elements)


def parse_serial_link(uri: str) -> str | None:
    """Return the serial of our own link for goods without a GTIN, `/t/<serial>`; None when it is none."""
    match = _URI.fullmatch(uri)
    found = _SERIAL_ALONE.search(match[2]) if match else None
    return found[1].upper() if found else None


def build_digital_link(stem: str, elements: Iterable[Element]) -> str:
    """Return the Digital Link of checked elements under `stem`: the first key leads, the rest are attributes.

    Raises MalformedCodeError when an element can stand neither in the path nor in the query.
    """
    values = dict(elements)
    text = "".join(f"({ai}){value}" for ai, value in values.items())
    key = next((ai for ai in values if ai in AIS and AIS[ai].qualifiers is not None), None)
    if key is None:
        raise MalformedCodeError(text=text, reason="no-key")
    sequences = AIS[key].qualifiers or ((),)
    sequence = next((s for s in sequences if any(ai in values for ai in s)), sequences[0])
    in_path = [key, *(ai for ai in sequence if ai in values)]
    in_query = [ai for ai in values if ai not in in_path]
    for ai in in_query:
        if ai not in AIS or not AIS[ai].attribute:
            raise MalformedCodeError(text=text, reason="not-in-query")
    path = "".join(f"/{ai}/{quote(values[ai], safe='')}" for ai in in_path)
    query = "&".join(f"{ai}={quote(values[ai], safe='')}" for ai in in_query)
    return stem.rstrip("/") + path + (f"?{query}" if query else "")


def lot_link(stem: str, gtin: str, lot: str, serial: str = "") -> str:
    """Return the link of a lot, perhaps of one serial of it; `stem` in upper case makes a smaller QR code."""
    elements = [Element("01", gtin), Element("10", lot), Element("21", serial)]
    return build_digital_link(stem, [element for element in elements if element.value])


def _split(uri: str) -> tuple[str, str]:
    match = _URI.fullmatch(uri)
    if match is None:
        raise MalformedCodeError(text=uri, reason="not-a-link-of-goods")
    return match[2], match[3] or ""


def _path_pairs(uri: str, path: str) -> list[Element]:
    """Read identifier and value in pairs from the end back to the key; what stands before it is the stem."""
    segments = path.split("/")
    pairs: list[Element] = []
    for start in range(len(segments) - 2, -1, -2):
        ai = AIS.get(segments[start])
        if ai is None or not segments[start + 1]:
            break
        pairs.append(Element(ai.ai, _unescape(uri, segments[start + 1])))
        if ai.qualifiers is not None:
            return pairs[::-1]
    raise MalformedCodeError(text=uri, reason="not-a-link-of-goods")


def _attributes(uri: str, query: str) -> Iterator[Element]:
    for pair in re.split("[&;]", query):
        name, equals, value = pair.partition("=")
        if not equals or not (name.isascii() and name.isdigit()):
            continue  # `linkType=…` and the like are for the resolver
        if name not in AIS:
            raise MalformedCodeError(text=uri, reason="unknown-identifier")
        yield Element(name, _unescape(uri, value.replace("+", " ")))


def _unescape(uri: str, text: str) -> str:
    def character(match: re.Match[str]) -> str:
        if match[1] is None:
            raise MalformedCodeError(text=uri, reason="escape-cut-off")
        return chr(int(match[1], 16))

    return _ESCAPE.sub(character, text)


def _is_within(used: Sequence[str], sequence: Sequence[str]) -> bool:
    rest = iter(sequence)
    return all(ai in rest for ai in used)
