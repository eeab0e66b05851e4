"""The canonical profile: one value, one encoding; everything else is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from domain.canonical import DEPTH_MAX, INT_MAX, MalformedError, decode, encode, refuse_foreign
from tests.tools import make_op_vectors

CORPUS = json.loads((make_op_vectors.FOLDER / "canonical.json").read_text(encoding="utf-8"))


def value_of(plain: Any) -> Any:
    """The value for which the JSON of the corpus stands."""
    if isinstance(plain, dict):
        return bytes.fromhex(plain["bin"])
    if isinstance(plain, list):
        return [value_of(element) for element in plain]
    return plain


@pytest.mark.parametrize("case", CORPUS["good"], ids=lambda case: case["name"])
def test_a_value_and_its_bytes_are_one(case: dict[str, Any]) -> None:
    value, data = value_of(case["value"]), bytes.fromhex(case["hex"])
    assert encode(value) == data
    assert decode(data) == value


@pytest.mark.parametrize("case", CORPUS["bad"], ids=lambda case: case["name"])
def test_bytes_outside_the_profile_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as refusal:
        decode(bytes.fromhex(case["hex"]))
    assert refusal.value.code == "malformed"
    assert refusal.value.reason


@pytest.mark.parametrize(
    "value",
    [0.5, float("nan"), {}, {"a": 1}, {1}, object(), INT_MAX + 1, -INT_MAX - 1, [[1.0]], msgspec.msgpack.Ext(5, b"")],
    ids=lambda value: repr(value).partition(" at 0x")[0],  # workers must agree on the names
)  # fmt: skip
def test_a_value_outside_the_profile_has_no_encoding(value: object) -> None:
    with pytest.raises(MalformedError):
        encode(value)


def test_text_with_a_lone_surrogate_has_no_encoding() -> None:
    with pytest.raises(MalformedError):
        encode(["\ud800"])


def test_every_kind_of_tuple_is_an_array() -> None:
    class Pair(NamedTuple):
        one: int
        two: str

    assert encode(Pair(1, "a")) == encode((1, "a")) == encode([1, "a"])


def test_a_bool_is_no_int() -> None:
    assert encode(True) != encode(1)
    assert decode(encode(True)) is True


def test_a_reason_never_repeats_a_long_input() -> None:
    with pytest.raises(MalformedError) as refusal:
        decode(b"\xd9\xff" + b"\xff" * 255)
    assert len(refusal.value.reason) <= 200


def test_arrays_may_nest_as_deep_as_the_limit_and_no_deeper() -> None:
    deep: object = None
    for _ in range(DEPTH_MAX):
        deep = [deep]
    refuse_foreign([deep])
    with pytest.raises(MalformedError):
        refuse_foreign([[deep]])


@pytest.mark.parametrize(
    "name",
    [
        "canonical.json",
        "ops.json",
        "nonces.json",
        "seals.json",
        "columns.json",
        "frames.json",
        "sync.json",
    ],
)
def test_the_corpus_is_what_the_code_makes(name: str, made: dict[str, str]) -> None:
    committed = Path(make_op_vectors.FOLDER / name).read_text(encoding="utf-8")
    assert made[name] == committed, "run `python -m tests.tools.make_op_vectors` and look at what changed"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return make_op_vectors.documents()
