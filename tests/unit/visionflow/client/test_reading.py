"""JSON to dataclasses across versions of server and client."""

from dataclasses import dataclass
from typing import Literal

import pytest

from visionflow.client.errors import UnexpectedAnswerError
from visionflow.client.reading import read


@dataclass(frozen=True)
class Inner:
    number: float


@dataclass(frozen=True)
class Outer:
    name: str
    state: Literal["old"]
    inner: Inner | None
    items: tuple[Inner, ...]
    pair: tuple[str, str] | None
    by_name: dict[str, int]


WHOLE = {
    "name": "a",
    "state": "old",
    "inner": {"number": 1},
    "items": [{"number": 2.5}],
    "pair": ["a", "b"],
    "by_name": {"a": 1},
}


def test_newer_and_older_servers_are_understood() -> None:
    whole = read(Outer, WHOLE)
    assert whole == Outer("a", "old", Inner(1.0), (Inner(2.5),), ("a", "b"), {"a": 1})
    newer = {**WHOLE, "more": [1], "inner": {"number": 1, "unit": "s"}, "state": "new"}
    found = read(Outer, newer)
    assert (found.inner, str(found.state)) == (Inner(1.0), "new")
    older = read(Outer, {"name": "a", "state": "old"})
    assert older == Outer("a", "old", None, (), None, {})


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"name": 1}, "Outer.name is not str"),
        ({"name": None}, "Outer.name is not str"),
        ({"inner": {"number": "1"}}, "Outer.inner.number is not a number"),
        ({"inner": {"number": True}}, "Outer.inner.number is not a number"),
        ({"inner": []}, "Outer.inner is not an object"),
        ({"items": {}}, "Outer.items is not a list"),
        ({"items": [{}]}, r"no Outer.items\[0\].number"),
        ({"by_name": {"a": "b"}}, "Outer.by_name.a is not int"),
    ],
)
def test_what_is_no_such_answer_is_named(change: dict[str, object], where: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match=where):
        read(Outer, WHOLE | change)


def test_what_has_no_default_must_be_there() -> None:
    with pytest.raises(UnexpectedAnswerError, match=r"no Outer\.name"):
        read(Outer, {"state": "old"})
