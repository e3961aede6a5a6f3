"""The classes that the Python client reads answers into."""

import pytest

from infra.errors import CommandError
from infra.generators.client_types import module


def fields(*described: dict[str, object]) -> dict[str, object]:
    return {"A": {"properties": {f"f{number}": one for number, one in enumerate(described)}}}


def test_a_schema_becomes_a_class_with_its_words() -> None:
    text = {"type": "string"}
    schema = fields(
        {"anyOf": [text, {"type": "null"}]},
        {"type": "array", "items": {"$ref": "#/components/schemas/B"}},
        {"type": "array", "prefixItems": [text, {"type": "number"}]},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object"},
        {"enum": ["a", "b"]},
        {},
    )
    found = module(
        {**schema, "B": {"properties": {"x": {"type": "boolean"}}, "description": "Is."}}
    )
    types = dict(
        line.strip().split(": ", 1) for line in found.splitlines() if line.startswith("    f")
    )
    assert list(types.values()) == [
        "str | None",
        "tuple[B, ...]",
        "tuple[str, float]",
        "dict[str, int]",
        "dict[str, Any]",
        'Literal["a", "b"]',
        "Any",
    ]
    assert '    """Is."""' in found
    compile(found, "answers.py", "exec")


def test_a_schema_of_no_known_type_is_refused() -> None:
    with pytest.raises(CommandError, match="knows no type"):
        module(fields({"type": "date"}))
