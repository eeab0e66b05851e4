"""Write `tests/vectors/domain/*.json`: what the rules of Python and TypeScript must both answer.

    python -m tests.tools.make_domain_vectors

Deterministic: the same code writes the same files, and a test compares them with those committed. A refusal stands as
its type with its facts, an exact number as `[numerator, denominator]`.
"""

import json
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from domain.digital_link import build_digital_link, parse_digital_link
from domain.errors import DomainError
from domain.expiry import day_of, days_after, end_of_day_ms, expires_on, is_expired, parse_day
from domain.fefo import LotBalance, allocate_fefo
from domain.gs1 import Element, parse_bracketed, parse_elements, parse_gs1_day
from domain.gs1_ais import TABLE
from domain.gs1_fields import gs1_fields
from domain.gtin import expand_upc_e, parse_gln, parse_gtin, parse_sscc, shortest_gtin
from domain.health import lot_health
from domain.interval import Treatment, plot_interval
from domain.match_item import ItemCodes, match_item
from domain.money import deposit_due_fen, rounding_down_fen, settlement
from domain.quantity import (
    MASS_UNITS,
    VOLUME_UNITS,
    book_residues,
    format_quantity,
    parse_quantity,
    split_evenly,
    whole_units,
)
from domain.scale_code import MalformedTemplateError, check_template, read_scale_code
from domain.scan import read_scan
from domain.weighing import estimate_weight, is_within_tolerance, payable_g, weigh
from tests.tools import domain_bodies as bodies
from tests.tools import domain_cases as cases

FOLDER: Final = Path(__file__).resolve().parent.parent / "vectors" / "domain"


def main() -> None:
    """Write every file anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def documents() -> dict[str, str]:
    """Name → text of each file."""
    contents = {
        "kinds.json": kinds(),
        "gtin.json": gtin(),
        "gs1.json": gs1(),
        "digital_link.json": digital_link(),
        "scale_code.json": scale_code(),
        "scan.json": scan(),
        "quantity.json": quantity(),
        "weighing.json": weighing(),
        "expiry.json": expiry(),
        "fefo.json": fefo(),
        "health.json": health(),
        "interval.json": interval(),
        "money.json": money(),
    }
    return {name: _text(content) for name, content in contents.items()}


def _text(content: dict[str, object]) -> str:
    """One case a line, so that a change shows as the cases that changed."""
    parts = []
    for name, listed in content.items():
        if isinstance(listed, list):
            lines = ",\n  ".join(json.dumps(case, ensure_ascii=False) for case in listed)
            parts.append(f"{json.dumps(name)}: [\n  {lines}\n ]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(listed, ensure_ascii=False)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def answer(rule: Callable[..., object], *arguments: Any) -> Any:
    """Return what the rule answers, a refusal included, as JSON."""
    try:
        return plain(rule(*arguments))
    except DomainError as refusal:
        # The phone's word for it: there a code is the only thing that can be malformed in a scan.
        code = "malformed" if refusal.code == "malformed-code" else refusal.code
        return {"type": code, **{_camel(name): plain(fact) for name, fact in refusal.facts.items()}}


def plain(value: Any) -> Any:
    """Return a value of the domain as JSON has it."""
    if isinstance(value, Fraction):
        return [value.numerator, value.denominator]
    if hasattr(value, "_asdict") and not isinstance(value, Element):
        return {_camel(name): plain(fact) for name, fact in value._asdict().items()}
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        tag = type(value).__struct_config__.tag
        facts = {_camel(field.name): plain(getattr(value, field.name)) for field in fields}
        return facts if tag is None else {"type": tag, **facts}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def kinds() -> dict[str, object]:
    """A body of every kind: full, without its trailing defaults, and those that miss a field or a place."""
    return {
        "kinds": [
            {
                "kind": kind,
                "full": _wire(bodies.full_body(kind)),
                "least": _wire(bodies.least_body(kind)),
                "short": _wire(bodies.short_body(kind)),
                "placeless": [_wire(body) for body in bodies.placeless_bodies(kind)],
            }
            for kind in bodies.FIELDS
        ]
    }


def _wire(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bin": value.hex()}
    return [_wire(part) for part in value] if isinstance(value, list | tuple) else value


def gtin() -> dict[str, object]:
    """Numbers with check digits, and what each parser makes of them."""
    parsers: dict[str, Callable[[str], object]] = {
        "gtin": parse_gtin,
        "upcE": partial(parse_gtin, upc_e=True),
        "expandUpcE": expand_upc_e,
        "sscc": parse_sscc,
        "gln": parse_gln,
    }
    answers: dict[str, object] = {
        name: [{"text": text, "result": answer(parse, text)} for text in cases.NUMBERS]
        for name, parse in parsers.items()
    }
    return answers | {"shortest": [{"gtin": gtin, "result": shortest_gtin(gtin)} for gtin in cases.GTINS]}


def gs1() -> dict[str, object]:
    """The table of identifiers, element strings in both forms with their meaning, and the rule of centuries."""
    return {
        "table": TABLE,
        "elements": [
            {"text": text, "result": answer(_fields, parse_elements, text)} for text in cases.ELEMENT_STRINGS
        ],
        "bracketed": [
            {"text": text, "result": answer(_fields, parse_bracketed, text)} for text in cases.BRACKETED
        ],
        "days": [
            {"yymmdd": text, "year": year, "result": parse_gs1_day(text, year=year)}
            for text, year in cases.GS1_DAYS
        ],
    }


def _fields(parse: Callable[[str], tuple[Element, ...]], text: str) -> object:
    return gs1_fields(parse(text))


def _link(stem: str, ai: str) -> str:
    return build_digital_link(stem, parse_bracketed(ai))


def digital_link() -> dict[str, object]:
    """Links and what they name; elements and their links. The public vectors stand in `digital_link_public.json`."""
    return {
        "parse": [{"uri": uri, "result": answer(parse_digital_link, uri)} for uri in cases.LINKS],
        "build": [
            {
                "stem": stem,
                "ai": ai,
                "result": answer(_link, stem, ai),
            }
            for stem, ai in cases.LINKS_TO_BUILD
        ],
    }


def scale_code() -> dict[str, object]:
    """Templates, good and bad, and numbers read by them."""
    return {
        "templates": [{"template": template, "fault": _fault(template)} for template in cases.TEMPLATES],
        "codes": [
            {
                "text": text,
                "template": template,
                "result": answer(read_scale_code, text, template),
            }
            for text, template in cases.SCALE_CODES
        ],
    }


def _fault(template: str) -> str | None:
    try:
        check_template(template)
    except MalformedTemplateError as error:
        return error.reason
    return None


def scan() -> dict[str, object]:
    """Whatever scanners type, what is read, and which item of the demo catalogue it is."""
    items = [ItemCodes(name, codes) for name, codes in cases.CATALOGUE]

    def matched(text: str) -> object:
        try:
            return plain(match_item(read_scan(text, cases.SCALES), items))
        except DomainError:
            return None

    return {
        "templates": list(cases.SCALES),
        "items": plain(items),
        "cases": [
            {
                "text": text,
                "reading": answer(read_scan, text, cases.SCALES),
                "match": matched(text),
            }
            for text in cases.SCANS
        ],
    }


def quantity() -> dict[str, object]:
    """Typed quantities, residues, splits and formats."""
    units = {**MASS_UNITS, **VOLUME_UNITS, **cases.ITEM_UNITS}
    return {
        "itemUnits": [[word, plain(ratio)] for word, ratio in cases.ITEM_UNITS.items()],
        "typed": [
            {
                "text": text,
                "unit": unit,
                "result": answer(parse_quantity, text, units, unit),
            }
            for text, unit in cases.TYPED
        ],
        "residues": [
            {"residues": plain(list(parts)), "result": answer(book_residues, parts)}
            for parts in cases.RESIDUES
        ],
        "splits": [
            {"total": total, "parts": parts, "result": plain(split_evenly(total, parts))}
            for total, parts in cases.SPLITS
        ],
        "formats": [
            {
                "qty": qty,
                "unit": plain(unit),
                "result": format_quantity(qty, unit),
                "units": plain(whole_units(qty, unit)),
            }
            for qty, unit in cases.FORMATS
        ],
    }


def weighing() -> dict[str, object]:
    """Gross, tare, net; what is paid; estimates and tolerances."""
    return {
        "weigh": [{"arguments": list(given), "result": answer(weigh, *given)} for given in cases.WEIGHINGS],
        "payable": [
            {"arguments": list(given), "result": answer(payable_g, *given)} for given in cases.PAYABLES
        ],
        "estimate": [
            {"arguments": list(given), "result": answer(estimate_weight, *given)} for given in cases.ESTIMATES
        ],
        "tolerance": [
            {"arguments": list(given), "result": is_within_tolerance(*given)} for given in cases.TOLERANCES
        ],
    }


def expiry() -> dict[str, object]:
    """Days, ends of days and the rule of expiry."""
    return {
        "days": [{"text": text, "result": plain(parse_day(text))} for text in cases.DAYS],
        "dayOf": [
            {"ms": ms, "offset": offset, "result": plain(day_of(ms, offset))} for ms, offset in cases.INSTANTS
        ],
        "endOfDay": [
            {"day": text, "offset": offset, "result": end_of_day_ms(_day(text), offset)}
            for text, offset in cases.ENDS
        ],
        "after": [
            {"day": text, "days": days, "result": plain(days_after(_day(text), days))}
            for text, days in cases.AFTER
        ],
        "expiresOn": [
            {
                "expires": expires,
                "produced": produced,
                "harvested": harvested,
                "lifeDays": life,
                "result": plain(
                    expires_on(
                        expires=parse_day(expires),
                        produced=parse_day(produced),
                        harvested=parse_day(harvested),
                        life_days=life,
                    )
                ),
            }
            for expires, produced, harvested, life in cases.LIVES
        ],
        "expired": [
            {"day": day, "ms": ms, "offset": offset, "result": is_expired(parse_day(day), ms, offset)}
            for day, ms, offset in cases.EXPIRED
        ],
    }


def _day(text: str) -> Any:
    day = parse_day(text)
    assert day is not None
    return day


def fefo() -> dict[str, object]:
    """Demands on balances of lots."""
    return {
        "cases": [
            {
                "demand": demand,
                "asOf": as_of,
                "balances": plain(balances),
                "result": plain(allocate_fefo(demand, balances, _day(as_of))),
            }
            for demand, as_of, balances in (
                (demand, as_of, [LotBalance(lot, qty, parse_day(day), held) for lot, qty, day, held in lots])
                for demand, as_of, lots in cases.ALLOCATIONS
            )
        ]
    }


def health() -> dict[str, object]:
    """Holds and days, and the one word for them."""
    return {
        "cases": [
            {
                "hold": hold,
                "expiresOn": day,
                "asOf": as_of,
                "warningDays": warning,
                "result": lot_health(
                    hold=hold, expires_on=parse_day(day), as_of=_day(as_of), warning_days=warning
                ),
            }
            for hold, day, as_of, warning in cases.HEALTHS
        ]
    }


def interval() -> dict[str, object]:
    """Plots with their treatments on a day."""
    return {
        "cases": [
            {
                "day": day,
                "treatments": plain(treatments),
                "result": plain(plot_interval(treatments, _day(day))),
            }
            for day, treatments in (
                (day, [Treatment(name, _day(stopped), days) for name, stopped, days in inputs])
                for day, inputs in cases.PLOTS
            )
        ]
    }


def money() -> dict[str, object]:
    """Settlements, 抹零 and deposits."""
    return {
        "settlements": [
            {
                "lines": [
                    {
                        "qty": line.qty,
                        "weight": line.weight,
                        "unitPrice": line.unit_price,
                        "unit": line.unit,
                        "deductionG": line.deduction_g,
                    }
                    for line in lines
                ],
                "roundingFen": rounding,
                "result": answer(settlement, lines, rounding),
            }
            for lines, rounding in cases.SETTLEMENTS
        ],
        "rounding": [
            {"totalFen": total, "unitFen": unit, "result": rounding_down_fen(total, unit)}
            for total, unit in cases.ROUNDINGS
        ],
        "deposits": [
            {"crates": crates, "depositFen": deposit, "result": deposit_due_fen(crates, deposit)}
            for crates, deposit in cases.DEPOSITS
        ],
    }


if __name__ == "__main__":
    main()
