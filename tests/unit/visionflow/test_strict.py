from dataclasses import dataclass
from typing import Any, Literal

import pytest

from visionflow import strict
from visionflow.errors import ConfigError


@dataclass(frozen=True)
class Inner:
    name: str
    share: float


@dataclass(frozen=True)
class Outer:
    count: int
    mode: Literal["a", "b"]
    inner: Inner
    optional: str | None
    many: tuple[Inner, ...]
    table: dict[str, float]
    anything: Any
    flag: bool = True


GOOD: dict[str, Any] = {
    "count": 3,
    "mode": "a",
    "inner": {"name": "x", "share": 1},
    "optional": None,
    "many": [{"name": "y", "share": 0.5}],
    "table": {"k": 1.5},
    "anything": [1, {"z": None}],
    "flag": False,
}


def test_parse_and_to_dict_are_inverse() -> None:
    parsed = strict.parse(Outer, GOOD, "outer")
    assert parsed.many == (Inner("y", 0.5),)
    assert strict.to_dict(parsed) == GOOD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra": 1}, "outer: unknown field extra"),
        ({"count": "3"}, "outer.count: expected int, found '3'"),
        ({"count": True}, "outer.count: expected int"),
        ({"count": 3.0}, "outer.count: expected int"),
        ({"flag": 1}, "outer.flag: expected bool"),
        ({"mode": "c"}, "outer.mode: expected 'a' or 'b'"),
        ({"inner": {"name": "x"}}, "outer.inner: missing field share"),
        ({"inner": []}, "outer.inner: expected an object"),
        ({"optional": 5}, "outer.optional: expected str"),
        ({"many": [{"name": 1, "share": 1}]}, r"outer.many\[0\].name: expected str"),
        ({"many": {}}, "outer.many: expected a list"),
        ({"table": {"k": "v"}}, "outer.table.k: expected float"),
        ({"table": []}, "outer.table: expected an object"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        strict.parse(Outer, GOOD | change, "outer")


@pytest.mark.parametrize("name", GOOD)
def test_no_field_is_ever_filled_in_by_a_default(name: str) -> None:
    data = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(ConfigError, match=f"missing field {name}"):
        strict.parse(Outer, data, "outer")


@dataclass(frozen=True)
class Keyed:
    by_kind: dict[Literal["a", "b"], int]
    version: Literal[1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"by_kind": {"c": 1}, "version": 1}, "expected 'a' or 'b'"),
        ({"by_kind": {}, "version": True}, "expected 1"),
        ({"by_kind": {}, "version": 1.0}, "expected 1"),
    ],
)
def test_keys_and_literals_are_checked_by_value_and_type(
    data: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        strict.parse(Keyed, data, "keyed")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_json_has_no_number_for_is_refused(number: str) -> None:
    with pytest.raises(ConfigError, match="not a JSON number"):
        strict.parse_json(Inner, f'{{"name": "x", "share": {number}}}', "inner")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" + "0" * 400])
def test_what_is_larger_than_any_number_is_refused(number: str) -> None:
    with pytest.raises(ConfigError, match="inner"):
        strict.parse_json(Inner, f'{{"name": "x", "share": {number}}}', "inner")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400])
def test_a_number_that_is_not_finite_is_refused_wherever_it_comes_from(value: float) -> None:
    with pytest.raises(ConfigError, match=r"inner.share: expected a finite number"):
        strict.parse(Inner, {"name": "x", "share": value}, "inner")


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "\\ud800", "share": 1}',
        '{"name": "\ud800", "share": 1}',
        b'{"name": "\xed\xa0\x80", "share": 1}',
        b'{"name": "\xff", "share": 1}',
        '{"name": "x", "share": 1}'.encode("utf-16"),
    ],
)
def test_what_is_not_text_is_refused(text: str | bytes) -> None:
    with pytest.raises(ConfigError, match="not valid JSON"):
        strict.parse_json(Inner, text, "inner")
    assert strict.parse_json(Inner, '{"name": "\\ud83d\\ude00", "share": 1}', "inner").name == "😀"


def test_nesting_without_end_is_malformed() -> None:
    with pytest.raises(ConfigError, match="not valid JSON"):
        strict.parse_json(Inner, b"[" * 200_000, "inner")


def test_malformed_json_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="not valid JSON"):
        strict.parse_json(Inner, b"{", "inner")


@dataclass(frozen=True)
class Longer(Inner):
    more: int


def test_a_subclass_extends_an_instance_by_its_own_fields_and_no_others() -> None:
    assert strict.extended(Longer, Inner("a", 0.5), more=1) == Longer("a", 0.5, 1)
    with pytest.raises(TypeError):
        strict.extended(Longer, Inner("a", 0.5))
    with pytest.raises(TypeError):
        strict.extended(Longer, Inner("a", 0.5), more=1, other=2)
