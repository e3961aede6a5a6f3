"""Plain data to DynamoDB's attribute values and back, by boto3's own serializer."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def to_item(data: Mapping[str, Any]) -> dict[str, Any]:
    """Attribute values for a JSON-like mapping; floats become decimals."""
    from boto3.dynamodb.types import TypeSerializer  # noqa: PLC0415

    serialize = TypeSerializer().serialize
    return {key: serialize(_to_decimal(value)) for key, value in data.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `to_item`: whole numbers become int, others float."""
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415

    deserialize = TypeDeserializer().deserialize
    return {key: _from_decimal(deserialize(value)) for key, value in item.items()}


def _to_decimal(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: _to_decimal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_decimal(item) for item in value]
    return value


def _from_decimal(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: _from_decimal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_from_decimal(item) for item in value]
    return value
