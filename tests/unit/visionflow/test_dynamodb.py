import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from visionflow.dynamodb import Item, batch_get, from_item, read_cursor, to_item, write_cursor
from visionflow.errors import InvalidCursorError, PlatformError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)
    | st.text()
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(st.dictionaries(st.text(min_size=1), JSON))
def test_an_item_is_what_boto3_would_make(data: dict[str, Any]) -> None:
    exact = json.loads(json.dumps(data), parse_float=Decimal)
    serialize = TypeSerializer().serialize
    assert to_item(data) == {key: serialize(value) for key, value in exact.items()}


@pytest.mark.parametrize(
    "value", [b"bytes", {1, 2}, {"a"}, {b"x"}, 2**126, -0.0, 1e-100, [{"a": (1, None, True)}]]
)
def test_values_of_every_kind_are_what_boto3_would_make(value: Any) -> None:
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    found: Any = to_item({"a": value})["a"]
    assert found == TypeSerializer().serialize(exact)
    if not isinstance(value, float):
        assert from_item({"a": found})["a"] == TypeDeserializer().deserialize(found)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 1e200, 10**39 + 1, {1, "a"}, object()]
)
def test_what_dynamodb_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ArithmeticError)):
        to_item({"a": value})


@given(st.dictionaries(st.text(min_size=1), JSON))
def test_an_item_is_read_as_it_was_written(data: dict[str, Any]) -> None:
    assert from_item(to_item(data)) == data


@dataclass
class Throttled:
    """A table that has every key, and answers one of those asked for until it is let off."""

    calls_until_let_off: int
    calls: int = 0
    slept: list[float] = field(default_factory=list)

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803
        self.calls += 1
        assert self.calls < 100, "it would never end"
        ((table, asked),) = RequestItems.items()
        keys = asked["Keys"]
        assert 0 < len(keys) <= 100
        if self.calls > self.calls_until_let_off:
            return {"Responses": {table: keys}, "UnprocessedKeys": {}}
        return {"Responses": {table: keys[:1]}, "UnprocessedKeys": {table: {"Keys": keys[1:]}}}

    def read(self, number: int) -> list[Any]:
        keys: list[Item] = [{"pk": {"N": str(index)}} for index in range(number)]
        return batch_get(cast("DynamoDBClient", self), "table", keys, self.slept.append)


def test_keys_that_were_left_out_are_read_again_after_a_growing_pause() -> None:
    table = Throttled(calls_until_let_off=4)
    found = table.read(250)
    assert sorted(int(item["pk"]["N"]) for item in found) == list(range(250))
    assert table.calls == 4 + 3
    assert len(table.slept) == 4
    assert all(pause <= 0.02 * 2**attempt for attempt, pause in enumerate(table.slept))
    assert len(set(table.slept)) == 4  # with jitter


def test_a_table_that_keeps_leaving_keys_out_is_a_fault_that_may_be_retried() -> None:
    table = Throttled(calls_until_let_off=10_000)
    with pytest.raises(PlatformError):
        table.read(250)
    assert table.calls < 20


@given(st.text(st.characters(max_codepoint=127)))
def test_a_cursor_is_read_as_it_was_written(text: str) -> None:
    assert read_cursor(write_cursor(text)) == text


@pytest.mark.parametrize("cursor", ["*", "a", "/+8=", "\N{SNOWMAN}", write_cursor("\N{SNOWMAN}")])
def test_what_no_page_gave_out_is_not_a_cursor(cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        read_cursor(cursor)
