"""The page's engine answers as these modules do: its tests read what they answer, from a file."""

import json
from typing import Any

import pytest

from tests import device_vectors


def test_the_page_is_held_to_what_is_answered_now() -> None:
    kept = json.loads(device_vectors.FILE.read_text(encoding="utf-8"))
    assert _rounded(json.loads(device_vectors.text())) == kept, (
        "run python -m tests.device_vectors, and then the tests of dashboard/tests/ondevice"
    )


def test_each_outcome_is_among_the_answers() -> None:
    answers = device_vectors.answered()["answers"]
    assert {answer["unknown"] for answer in answers} == {None, "unsure", "unfamiliar"}
    named = {answer["label"] for answer in answers}
    assert {"tabby", "cat", "living thing"} <= named


def _rounded(value: Any) -> Any:
    """With floats that may differ in their last digits from one processor to another."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-4, abs=1e-6)
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value
