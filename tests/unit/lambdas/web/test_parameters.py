from typing import Literal

import pytest

from lambdas.web.parameters import (
    choice,
    decimal,
    flag,
    moment,
    only,
    short_text,
    whole_days,
    whole_number,
)
from visionflow.errors import InvalidParameterError


def test_what_is_absent_stays_absent() -> None:
    assert whole_number("n", None) is None
    assert decimal("d", None) is None
    assert flag("f", None) is False
    assert choice("c", None, Literal["a"]) is None
    assert moment("m", None) is None


def test_good_values_are_read() -> None:
    assert whole_number("n", "-12") == -12
    assert [decimal("d", text) for text in ("0.95", "1", "-12.50")] == [0.95, 1.0, -12.5]
    assert flag("f", "true") is True
    assert choice("c", "a", Literal["a", "b"]) == "a"
    assert moment("m", "2030-01-31T21:00:00+09:00") == "2030-01-31T12:00:00.000000Z"


@pytest.mark.parametrize("text", ["", "-", "1.5", " 1", "1_0", "1e3", "٣", "1" * 10, "0x1"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterError, match="n must be a whole number"):
        whole_number("n", text)


@pytest.mark.parametrize(
    "text", ["", "-", ".5", "1.", " 1", "1_0", "1e3", "nan", "inf", "٣", "1" * 10, "0,5"]
)
def test_what_is_not_a_decimal_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"d must be a number such as 0\.95"):
        decimal("d", text)


@pytest.mark.parametrize("text", ["", "True", "1", "yes"])
def test_a_flag_is_true_or_false(text: str) -> None:
    with pytest.raises(InvalidParameterError):
        flag("f", text)


def test_a_parameter_that_the_route_does_not_know_is_named() -> None:
    only({"limit": "1"}, "limit", "label")
    with pytest.raises(InvalidParameterError, match="'lable'; this route takes limit, label"):
        only({"lable": "cat"}, "limit", "label")


@pytest.mark.parametrize("text", ["", "x" * 201])
def test_a_text_to_look_for_is_short_and_not_empty(text: str) -> None:
    with pytest.raises(InvalidParameterError, match="1 to 200"):
        short_text("label", text)


def test_a_choice_names_its_options() -> None:
    with pytest.raises(InvalidParameterError, match="a or b"):
        choice("c", "z", Literal["a", "b"])


def test_a_date_is_the_whole_day_in_utc() -> None:
    assert moment("from", "2030-01-31") == "2030-01-31T00:00:00.000000Z"
    assert moment("to", "2030-01-31") == "2030-01-31T23:59:59.999999Z"
    assert moment("at", "2030-01-31") == "2030-01-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2030-02-30",
        "20300131",
        "2030-W05-4",
        "now",
        "2030-01-31T12:00:00",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_a_moment_needs_a_zone_and_a_year_that_exists(text: str) -> None:
    with pytest.raises(InvalidParameterError, match="ISO 8601"):
        moment("m", text)


def test_days_are_bounded_and_in_order() -> None:
    assert whole_days("2030-01-31T23:00:00Z", "2030-02-01T01:00:00Z") == (
        "2030-01-31",
        "2030-02-01",
    )
    assert whole_days("2030-01-01T", "2031-01-01T") == ("2030-01-01", "2031-01-01")
    with pytest.raises(InvalidParameterError, match="at most 366 days"):
        whole_days("2030-01-01T", "2031-01-02T")
    with pytest.raises(InvalidParameterError, match="later than to"):
        whole_days("2030-01-02T", "2030-01-01T")
